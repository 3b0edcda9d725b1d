"""Drawing ahead: the same draws whoever makes them, from any number on, and nothing left running."""

import multiprocessing
import time
from functools import partial

import pytest
import torch
from torch import Tensor

from medsynth_aug.training.starter.images.ahead import Ahead


def _numbers(length: int, number: int) -> tuple[Tensor, list[str]]:
    return torch.full((length,), number), [f"number {number}"]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [5, 6, 7], [3, 4, 0, 1]])
def test_the_draw_of_a_number_is_its_own(workers: int, order: list[int]) -> None:
    ahead = Ahead(partial(_numbers, 3), workers)
    for number in order:
        values, words = ahead(number)
        assert values.tolist() == [number] * 3 and words == [f"number {number}"]
    ahead.close()


def test_closing_ends_the_workers() -> None:
    others = set(multiprocessing.active_children())
    ahead = Ahead(partial(_numbers, 1), 2)
    ahead(0)
    workers = set(multiprocessing.active_children()) - others
    assert len(workers) == 2
    ahead.close()
    deadline = time.monotonic() + 20
    while any(one.is_alive() for one in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(one.is_alive() for one in workers)


def test_what_a_draw_raises_reaches_the_caller() -> None:
    ahead = Ahead(_raises, 1)
    with pytest.raises(ValueError, match="draw 4 failed"):
        ahead(4)


def test_drawing_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    ahead = Ahead(partial(_numbers, 1), 1)
    ahead(0)
    ahead.close()
    assert torch.equal(before, torch.random.get_rng_state())


def _raises(number: int) -> Tensor:
    raise ValueError(f"draw {number} failed")
