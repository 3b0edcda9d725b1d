"""Two ranks on a core each against one rank on one core, with the same engine and the same plan."""

import os
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.benchmark.data.child import end, start, tell, told
from medsynth_aug.benchmark.data.figures import figure, part, ratios
from medsynth_aug.benchmark.data.films import FilmSet
from medsynth_aug.benchmark.data.rank_script import open_engine
from medsynth_aug.benchmark.data.settings import RANKS_GOAL, DataSettings
from medsynth_aug.data import plan_rebalancing
from medsynth_aug.synthesis import Synthesizer

PRODUCTS = 400
"""Matrix products that the engine without weights makes for a sample: some tenths of a second."""

NOTES = (
    "Every rank is a process on one core with one thread. The clock runs from a word to all ranks until the "
    "last one is done: start-up, loading the engine, sharing the plan and finding anatomies are over then.",
    "Without a bank: the same shares, made and thrown away. It shows how much faster two cores of this "
    "machine are than one; a virtual machine may give two threads of one core. A rank that got less than its "
    "core shared it with other programs: repeat on a quiet machine.",
)

Measured = dict[tuple[int, str], list[float]]
"""Number of ranks and what they did with their samples -> one value a round."""


def measure_ranks(films: FilmSet, folder: Path, settings: DataSettings) -> dict[str, Any]:
    """The part of the report; without figures on a machine that offers fewer than two cores.

    Args:
        films: The films.
        folder: Takes the banks.
        settings: How often and how many.
    """
    title = f"Ranks on one machine ({_engine_name(settings)}, {settings.generated} samples)"
    cores = (
        sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [*range(os.cpu_count() or 1)]
    )
    if len(cores) < 2:
        return part("ranks", title, [], ["Not measured: this machine offers one core."])
    engine = open_engine(settings.checkpoint, PRODUCTS)
    runs = [(ranks, mode) for mode in ("stored", "made") for ranks in (1, 2)]
    seconds: Measured = {run: [] for run in runs}
    computed: Measured = {run: [] for run in runs}
    numbers = count()
    for number in range(settings.rounds):
        for ranks, mode in runs if number % 2 else runs[::-1]:
            place = folder / f"ranks{next(numbers)}"
            _plan(films, place, settings, engine)
            took, processor_s = _run(place, settings, cores[:ranks], mode)
            seconds[ranks, mode].append(took)
            computed[ranks, mode].append(processor_s)
    rates = {run: [settings.generated / one for one in took] for run, took in seconds.items()}
    return part(
        "ranks", title,
        [
            figure("one rank", rates[1, "stored"], "samples/s"),
            figure("two ranks", rates[2, "stored"], "samples/s"),
            figure("two ranks over one", _times(seconds, "stored"), "times", at_least=RANKS_GOAL),
            figure("two processes over one, without a bank", _times(seconds, "made"), "times"),
            figure("processor time of two ranks over one", _times(computed, "stored", 2, 1), "times"),
            figure("of its core one rank got", _shares(seconds, computed, 1), "%"),
            figure("of its core each of two ranks got", _shares(seconds, computed, 2), "%"),
        ],
        NOTES,
    )  # fmt: skip


def _times(measured: Measured, mode: str, one: int = 1, other: int = 2) -> list[float]:
    return ratios(measured[one, mode], measured[other, mode])


def _shares(seconds: Measured, computed: Measured, ranks: int) -> list[float]:
    run = ranks, "stored"
    return [100 * share / ranks for share in ratios(computed[run], seconds[run])]


def _plan(films: FilmSet, folder: Path, settings: DataSettings, engine: Synthesizer) -> None:
    """Save a plan, and a new bank with copies of its sources."""
    listed = films.read()
    positive = listed.class_to_idx["positive"]
    bank = SampleBank(folder / "bank")
    plan = plan_rebalancing(
        listed, engine, lesions={positive: "nodule"},
        background=[listed.class_to_idx["normal"]], sampling_strategy={positive: 1 + settings.generated},
        max_ratio=settings.generated, force=True, value_range=films.value_range, copies=bank, progress=False,
    )  # fmt: skip
    bank.close()
    plan.save(folder / "plan.jsonl")


def _run(folder: Path, settings: DataSettings, cores: list[int], mode: str) -> tuple[float, float]:
    """Seconds that the ranks took, and seconds of processor time that they got together."""
    with ExitStack() as stack:
        ranks = []
        for number, core in enumerate(cores):
            place = {
                "RANK": str(number), "LOCAL_RANK": str(number), "WORLD_SIZE": str(len(cores)),
                "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                "TQDM_DISABLE": "1",
            }  # fmt: skip
            ranks.append(
                start(
                    "rank_script.py", folder / "bank", folder / "plan.jsonl", settings.checkpoint, PRODUCTS,
                    core, mode, environment=place,
                )
            )  # fmt: skip
            stack.callback(end, ranks[-1])
        for rank in ranks:
            told(rank)
        began = time.perf_counter()
        for rank in ranks:
            tell(rank, "go")
        processor_s = [float(told(rank)) for rank in ranks]
        return time.perf_counter() - began, sum(processor_s)


def _engine_name(settings: DataSettings) -> str:
    return "an engine without weights" if settings.checkpoint == "none" else Path(settings.checkpoint).name
