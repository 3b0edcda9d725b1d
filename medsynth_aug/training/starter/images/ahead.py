"""Draws made ahead of their use by worker processes, in the order in which they are asked for."""

import itertools
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

Drawn = TypeVar("Drawn")


class Ahead(Generic[Drawn]):
    """The draws of consecutive numbers; the next ones are made while one is used.

    A GPU trains faster than one process can cut crops or composite lesions.

    Args:
        draw: What belongs to a number: a pure function of it, whose tensors travel in shared memory. Where
            processes are spawned rather than forked it has to be picklable.
        workers: Processes that draw; 0 draws in this one when asked.
    """

    def __init__(self, draw: Callable[[int], Drawn], workers: int) -> None:
        self._draw, self._workers = draw, workers
        self._upcoming: Iterator[Drawn] | None = None
        self._next = 0

    def __call__(self, number: int) -> Drawn:
        """The draw of a number; asking for the one after the last is what is fast."""
        if self._workers == 0:
            return self._draw(number)
        if self._upcoming is None or number != self._next:
            self.close()
            self._upcoming = iter(
                DataLoader(
                    _Numbered(self._draw),
                    batch_size=None,
                    sampler=_From(number),
                    num_workers=self._workers,
                    worker_init_fn=_alone,
                    generator=torch.Generator(),
                )
            )
        self._next = number + 1
        return next(self._upcoming)

    def close(self) -> None:
        """End the workers."""
        self._upcoming = None


class _Numbered(Dataset[Drawn]):
    def __init__(self, draw: Callable[[int], Drawn]) -> None:
        self._draw = draw

    def __getitem__(self, number: int) -> Drawn:
        return self._draw(number)


class _From(Sampler[int]):
    def __init__(self, first: int) -> None:
        self._first = first

    def __iter__(self) -> Iterator[int]:
        return itertools.count(self._first)


def _alone(_: int) -> None:
    """OpenCV's threads do not survive a fork, and every core has a worker already."""
    cv2.setNumThreads(0)
