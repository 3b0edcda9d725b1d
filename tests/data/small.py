"""Tiny data sets with real arrays, importable by name so that worker processes find them."""

from typing import Any

import numpy as np
from torch.utils.data import Dataset

from medsynth_aug.synthesis import FakeSynthesizer, Job, Refusal

SIDE = 72


def pictures(count: int, *, seed: int = 0, dtype: Any = np.uint8, high: int = 200) -> np.ndarray:
    """`(count, SIDE, SIDE)` grey pictures, each of its own."""
    return np.random.default_rng(seed).integers(20, high, (count, SIDE, SIDE)).astype(dtype)


class Items(Dataset[Any]):
    """A map-style data set over a list of items."""

    def __init__(self, items: list[Any], **attributes: Any) -> None:
        self.items = items
        vars(self).update(attributes)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


class Flickering(Items):
    """A data set that augments: an index reads differently each time."""

    def __getitem__(self, index: int) -> Any:
        image, label = self.items[index]
        self.reads = getattr(self, "reads", 0) + 1
        return np.roll(image, self.reads, axis=1), label


class Refusing(FakeSynthesizer):
    """A synthesizer that finds no place in every second job, for good."""

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        return [
            Refusal(job.request, "no place", final=True) if _odd(job) else made
            for job, made in zip(jobs, super().synthesize(jobs, on_step))
        ]


def _odd(job: Job) -> bool:
    return int(job.request.slot.rpartition("/")[2]) % 2 == 1


def single_label(normal: int = 12, rare: int = 4, **attributes: Any) -> Items:
    """Tuples (array, class): class 0 is normal, class 3 is rare; two images a patient."""
    labels = [0] * normal + [3] * rare
    groups = [f"p{index // 2}" for index in range(len(labels))]
    items = list(zip(pictures(len(labels)), labels))
    return Items(items, **{"targets": labels, "groups": groups, **attributes})
