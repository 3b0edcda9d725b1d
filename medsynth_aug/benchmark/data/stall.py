"""A training loop on the fly against the same loop on cached and on plain items; and with a cold bank."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Subset

from medsynth_aug.bank.producer import ProductionReport
from medsynth_aug.benchmark.data.engines import SlowSynthesizer
from medsynth_aug.benchmark.data.figures import figure, part, ratios
from medsynth_aug.benchmark.data.films import FilmSet
from medsynth_aug.benchmark.data.settings import STALL_GOAL, DataSettings
from medsynth_aug.benchmark.data.training import Loop, Prepared, Timing, as_input, one_thread
from medsynth_aug.data import CsvDataset, RebalancedDataset
from medsynth_aug.synthesis import FakeSynthesizer

NOTES = (
    "Every second item of a batch is synthetic; the plain loop reads its background instead. The network "
    "computes on one core; producer, workers and loop share the machine. The first batch of a round is not "
    "timed.",
    "Warm: on the fly with all samples of the epoch in the bank. Cold: an empty bank, every sample made "
    "while the loop runs, by an engine that sleeps.",
)


_FLY = "warm bank, on the fly"


def measure_stall(films: FilmSet, folder: Path, settings: DataSettings) -> dict[str, Any]:
    """The part of the report.

    Args:
        films: The films.
        folder: Takes the banks.
        settings: How often and how long.
    """
    plain = films.read()
    count = len(plain) - 1
    options: dict[str, Any] = {"transform": as_input}
    cached = films.rebalance(plain, FakeSynthesizer(), folder / "cached", count, **options)
    fly = films.rebalance(plain, FakeSynthesizer(), folder / "fly", count, mode="on_the_fly", **options)
    try:
        with one_thread():
            figures = _warm(plain, cached, fly, settings)
            figures += _cold(films, plain, folder, settings)
    finally:
        fly.close()
    return part("stall", f"Training on the fly ({films.name})", figures, NOTES)


def _warm(
    plain: CsvDataset, cached: RebalancedDataset, fly: RebalancedDataset, settings: DataSettings
) -> list[dict[str, Any]]:
    for place in range(len(plain), len(fly)):
        fly[place]  # the producer makes it, and from here on it is there
    order = _order(cached, plain, settings)
    backgrounds = [_background(cached, len(plain), index) for index in order]
    loops = {
        "plain": Loop(_loader(Subset(Prepared(plain), backgrounds), settings)),
        "cached": Loop(_loader(Subset(cached, order), settings)),
        "on the fly": Loop(_loader(Subset(fly, order), settings)),
    }
    before = _report(fly)
    found: dict[str, list[Timing]] = {name: [] for name in loops}
    for number in range(settings.rounds + 1):
        turns = list(loops.items())
        for name, loop in turns[number % 3 :] + turns[: number % 3]:
            timing = loop.round()
            if number:  # round 0 warms up
                found[name].append(timing)
    after = _report(fly)
    steps = {name: [1e3 * one.step_s for one in timings] for name, timings in found.items()}
    late = (after.late - before.late) / (after.served - before.served)
    on_the_fly, served = steps["on the fly"], after.served - before.served
    figures = []
    for name, timings in found.items():
        figures.append(figure("a step", steps[name], "ms", of=f"warm bank, {name}"))
        figures.append(_waiting(timings, f"warm bank, {name}"))
    return [
        *figures,
        figure("a step over plain", ratios(on_the_fly, steps["plain"]), "times", of=_FLY),
        figure(
            "a step over cached",
            ratios(on_the_fly, steps["cached"]),
            "times",
            at_most=1 + STALL_GOAL,
            of=_FLY,
        ),
        figure(f"late of {served} synthetic items", [100 * late], "%", at_most=100 * STALL_GOAL, of=_FLY),
    ]


def _waiting(timings: Sequence[Timing], of: str) -> dict[str, Any]:
    return figure("of it waiting for data", [100 * one.waiting for one in timings], "%", of=of)


def _cold(films: FilmSet, plain: CsvDataset, folder: Path, settings: DataSettings) -> list[dict[str, Any]]:
    """One short round on each of a few new banks."""
    timings, late, made = [], [], []
    for number in range(min(3, settings.rounds)):
        data = films.rebalance(
            plain, SlowSynthesizer(settings.engine_s), folder / f"cold{number}", len(plain) - 1,
            mode="on_the_fly", transform=as_input,
        )  # fmt: skip
        try:
            timings.append(Loop(_loader(Subset(data, _order(data, plain, settings)), settings)).round())
            report = _report(data)
            late.append(100 * (report.stall_rate or 0))
            made.append(report.samples_per_s or 0)
        finally:
            data.close()
    of = f"cold bank, on the fly, {settings.engine_s:g} s a sample"
    return [
        figure("a step", [1e3 * one.step_s for one in timings], "ms", of=of),
        _waiting(timings, of),
        figure("late of the synthetic items", late, "%", of=of),
        figure("samples made", made, "1/s", of=of),
    ]


def _order(data: RebalancedDataset, plain: CsvDataset, settings: DataSettings) -> list[int]:
    """Indices of a round: synthetic and plain ones in turn, each as often as any other of its kind."""
    first, total = len(plain), len(data)
    half = settings.steps * settings.batch_size // 2
    painted = [first + n % (total - first) for n in range(half)]
    return [index for n, one in enumerate(painted) for index in (one, n % first)]


def _background(data: RebalancedDataset, first: int, index: int) -> int:
    return index if index < first else data.plan.samples[index - first].index


def _loader(data: Subset[Any], settings: DataSettings) -> DataLoader[Any]:
    return DataLoader(
        data, batch_size=settings.batch_size, num_workers=settings.workers, persistent_workers=True
    )


def _report(data: RebalancedDataset) -> ProductionReport:
    report = data.production
    assert report is not None
    return report
