"""The demonstration from end to end: read, plan, paint, train, measure, and leave a folder that shows it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from medsynth_aug.bank import SampleBank
from medsynth_aug.demo.classifier import Recall, evaluate, make_network, train
from medsynth_aug.demo.counts import Count, count, draw_counts, write_table
from medsynth_aug.demo.drawing import new_figure
from medsynth_aug.demo.next_steps import write_next_steps
from medsynth_aug.demo.painting import bank_folder, load_synthesizer, paint_fractures, painted_of, rebalance
from medsynth_aug.demo.radiographs import for_classifier, read_held_out, read_split
from medsynth_aug.demo.settings import DemoSettings
from medsynth_aug.demo.sheet import choose, draw_sheet
from medsynth_aug.errors import BankError


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What the demonstration did and measured.

    Args:
        counts: Every class before and after.
        recalls: What the classifier found in the held-out images.
        losses: Training loss by epoch.
        timings: Seconds by stage.
        reused: Samples that the bank held before.
        made: Samples that were made now.
        files: What was written.
    """

    counts: list[Count]
    recalls: list[Recall]
    losses: list[float]
    timings: dict[str, float]
    reused: int
    made: int
    files: list[Path]


def run_demo(settings: DemoSettings) -> DemoReport:
    """Run everything; a second run takes the samples out of the bank.

    Raises:
        MedsynthError: If the data, the checkpoint or the folder cannot be used.
    """
    new_figure(1, 1)  # matplotlib is an extra: say so now, not after minutes of painting
    _make_folder(settings.out)
    timings: dict[str, float] = {}
    with _timed(timings, "read the radiographs"):
        train_set = read_split(settings.data, "train", progress=settings.progress)
        held_out, patients = read_held_out(settings.data)
    with _timed(timings, "load the engine"):
        synthesizer = load_synthesizer(settings)
    bank = SampleBank(bank_folder(settings))
    before = len(bank)
    with _timed(timings, "plan and paint"):
        data = rebalance(train_set, synthesizer, settings, patients)
        fractures = paint_fractures(train_set, synthesizer, bank, settings)
    made = len(bank) - before
    with _timed(timings, "train the classifier"):
        network = make_network(len(train_set.class_to_idx), settings.seed)
        losses = train(network, data, epochs=settings.epochs, seed=settings.seed, progress=settings.progress)
    with _timed(timings, "measure"):
        recalls = evaluate(network, _Transformed(held_out), list(train_set.class_to_idx))
    counts = count(data.plan, len(fractures))
    with _timed(timings, "draw"):
        painted = [*painted_of(data, train_set), *fractures]
        files = _draw(settings, counts, choose(painted))
    report = DemoReport(
        counts=counts, recalls=recalls, losses=losses, timings=timings,
        reused=len(painted) - made, made=made, files=files,
    )  # fmt: skip
    _write_timings(report, settings.out / "timings.json")
    write_next_steps(settings, settings.out / "next_steps.txt")
    return report


class _Transformed(Dataset[Any]):
    """Held-out items as the classifier takes them."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return for_classifier(self._data[index])


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    timings[stage] = time.perf_counter() - began


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BankError(
            f"{folder} cannot be made ({problem.strerror}); choose another --out folder"
        ) from problem


def _draw(settings: DemoSettings, counts: list[Count], shown: list[Any]) -> list[Path]:
    names = ("counts.csv", "counts.png", "contact_sheet.png", "timings.json", "next_steps.txt")
    table, bars, sheet, *_ = files = [settings.out / name for name in names]
    write_table(counts, table)
    draw_counts(counts, bars)
    maker = "lesion priors alone, no weights" if settings.fake else f"checkpoint: {settings.checkpoint}"
    draw_sheet(shown, sheet, title=f"Lesions painted into real radiographs ({maker})")
    return files


def _write_timings(report: DemoReport, path: Path) -> None:
    stages = {stage: round(seconds, 3) for stage, seconds in report.timings.items()}
    content = {
        "seconds": stages,
        "total_seconds": round(sum(stages.values()), 3),
        "samples_made": report.made,
        "samples_reused": report.reused,
        "torch_threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
