"""A small training loop, timed step by step: how long for data, how long for computing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset

SIDE_PX = 256
"""Side to which the loop's own transform scales every item."""


class Timing(NamedTuple):
    """One round of training.

    Args:
        step_s: Mean seconds of a step, waiting included.
        waiting: Share of the time that the loop waited for data, in [0, 1].
    """

    step_s: float
    waiting: float


def as_input(item: dict[str, Any]) -> tuple[torch.Tensor, int]:
    """Image `(1, SIDE_PX, SIDE_PX)` float32 and class of an item: what a user's transform does."""
    image = item["image"].to(torch.float32)[None]
    small = torch.nn.functional.interpolate(image, (SIDE_PX, SIDE_PX), mode="bilinear", align_corners=False)
    return small[0] / 255, int(item["label"])


class Prepared(Dataset[tuple[torch.Tensor, int]]):
    """A user's data set with the loop's transform, so that plain items cost what synthetic ones do.

    Args:
        data: The data set.
    """

    def __init__(self, data: Any) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return as_input(self._data[index])


class Loop:
    """A small convolutional network on the CPU, with weights that are the same in every loop.

    Args:
        loader: Gives batches of images and classes.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            self._network = _network()
        self._optimizer = torch.optim.SGD(self._network.parameters(), lr=1e-3)

    def round(self) -> Timing:
        """Train on all that the loader gives once; the first batch, which fills the queue, is not timed."""
        waited, computed, steps = 0.0, 0.0, 0
        batches = iter(self._loader)
        images, classes = next(batches)
        while True:
            began = time.perf_counter()
            self._step(images, classes)
            ended = time.perf_counter()
            following = next(batches, None)
            waited, computed, steps = (
                waited + time.perf_counter() - ended,
                computed + ended - began,
                steps + 1,
            )
            if following is None:
                return Timing((waited + computed) / steps, waited / (waited + computed))
            images, classes = following

    def _step(self, images: torch.Tensor, classes: torch.Tensor) -> None:
        self._optimizer.zero_grad()
        torch.nn.functional.cross_entropy(self._network(images), classes).backward()
        self._optimizer.step()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one core within the body, and leave the others to the loader's workers."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _network() -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 3, stride=2, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(32, 64, 3, stride=2, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(64, 64, 3, padding=1), torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 2),
    )  # fmt: skip
