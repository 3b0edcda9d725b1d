"""A cached synthetic item against the plain one that it was painted into, of the same data set."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset, Subset

from medsynth_aug.benchmark.data.figures import figure, part, ratios
from medsynth_aug.benchmark.data.films import FilmSet
from medsynth_aug.benchmark.data.settings import FETCH_GOAL, DataSettings
from medsynth_aug.data import RebalancedDataset
from medsynth_aug.synthesis import FakeSynthesizer

LOADED = 48
"""Items that the loader gives at least in a round."""

NOTES = (
    "Plain: the user's own data set at the indices of the very backgrounds. Synthetic: the background is "
    "read and checked against its digest, the sample read from the bank and checked, and one put into the "
    "other. All files are in the page cache.",
    "Enlarged films were stretched to a square; those of 12 bits have grain, so that their files compress as "
    "real ones do.",
)


def measure_fetch(sets: Iterable[FilmSet], folder: Path, settings: DataSettings) -> dict[str, Any]:
    """The part of the report.

    Args:
        sets: The films.
        folder: Takes the banks.
        settings: How often and how many.
    """
    figures = []
    for number, films in enumerate(sets):
        plain = films.read()
        data = films.rebalance(plain, FakeSynthesizer(), folder / f"fetch{number}", len(plain) - 1)
        pairs = [
            (place, data.plan.samples[place - len(plain)].index) for place in range(len(plain), len(data))
        ]
        figures += _alone(films.name, data, plain, pairs, settings.rounds)
        figures += _loaded(films.name, data, plain, pairs, settings)
        data.bank.close()
    return part("fetch", "Cached item against a plain one", figures, NOTES)


def _alone(
    name: str, data: RebalancedDataset, plain: Any, pairs: Sequence[tuple[int, int]], rounds: int
) -> list[dict[str, Any]]:
    """In this process, one item after the other, in turns."""
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(rounds + 1):
        took = [0.0, 0.0]
        for n, (painted, background) in enumerate(pairs):
            turns = ((0, data, painted), (1, plain, background))
            for which, source, index in turns if (n + number) % 2 else turns[::-1]:
                began = time.perf_counter()
                source[index]
                took[which] += time.perf_counter() - began
        if number:  # round 0 warms up
            ours.append(1e3 * took[0] / len(pairs))
            theirs.append(1e3 * took[1] / len(pairs))
    return _compared(name, ours, theirs)


def _loaded(
    name: str, data: RebalancedDataset, plain: Any, pairs: Sequence[tuple[int, int]], settings: DataSettings
) -> list[dict[str, Any]]:
    """Through a DataLoader, epoch by epoch, in turns."""
    repeated = [*pairs] * -(-LOADED // len(pairs))
    ours_loader = _loader(Subset(data, [painted for painted, _ in repeated]), settings.workers)
    plain_loader = _loader(Subset(plain, [background for _, background in repeated]), settings.workers)
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(settings.rounds + 1):
        turns = [(ours, ours_loader), (theirs, plain_loader)]
        for times, loader in turns if number % 2 else turns[::-1]:
            began = time.perf_counter()
            for _ in loader:
                pass
            if number:
                times.append(1e3 * (time.perf_counter() - began) / len(repeated))
    return _compared(f"{name}, loader with {settings.workers} workers", ours, theirs)


def _compared(of: str, ours: Sequence[float], theirs: Sequence[float]) -> list[dict[str, Any]]:
    return [
        figure("plain item", theirs, "ms", of=of),
        figure("synthetic item", ours, "ms", of=of),
        figure("synthetic over plain", ratios(ours, theirs), "times", at_most=FETCH_GOAL, of=of),
    ]


def _loader(data: Dataset[Any], workers: int) -> DataLoader[Any]:
    return DataLoader(
        data,
        batch_size=4,
        num_workers=workers,
        persistent_workers=True,
        collate_fn=_images,
        prefetch_factor=2,
    )


def _images(items: list[dict[str, Any]]) -> list[Any]:
    """The images of a batch, whatever their sizes."""
    return [item["image"] for item in items]
