"""Outside the edit the source is selected bit for bit, in its own dtype; inside, the change is added."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.synthesis.compose import blend
from medsynth_aug.types import ValueRange
from tests.synthesis.material import RANGES

DTYPES = list(RANGES)


def weight_of(shape: tuple[int, int], box: tuple[int, int, int, int], height: float) -> np.ndarray:
    """`height` inside a box that may reach any border or beyond, 0 elsewhere."""
    row, column, rows, columns = box
    weight = np.zeros(shape, np.float32)
    weight[max(0, row) : max(0, row + rows), max(0, column) : max(0, column + columns)] = height
    return weight


def bits(pixels: torch.Tensor) -> np.ndarray:
    return pixels.contiguous().view(torch.uint8).numpy().reshape(*pixels.shape, -1)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@given(
    channels=st.sampled_from((1, 3)),
    shape=st.tuples(st.integers(1, 17), st.integers(1, 17)),
    box=st.tuples(st.integers(-3, 16), st.integers(-3, 16), st.integers(0, 20), st.integers(0, 20)),
    height=st.floats(0.0625, 1, width=32),
    seed=st.integers(0, 10_000),
)
def test_the_background_is_bit_exact_in_every_dtype(
    dtype: torch.dtype, channels: int, shape: tuple[int, int], box, height: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    low, high = RANGES[dtype]
    outlier = low - 3 if dtype.is_signed else low  # not even a value out of range is touched outside
    grey = torch.from_numpy(rng.uniform(low, high, shape)).to(dtype)
    grey[0, 0] = outlier
    pixels = grey.expand(channels, *shape)
    weight = weight_of(shape, box, height)
    change = rng.uniform(-1, 1, shape).astype(np.float32)
    result = blend(pixels, change, weight, ValueRange(low, high))
    assert result.dtype == dtype
    assert result.shape == pixels.shape
    outside = np.broadcast_to(weight == 0, pixels.shape)
    assert np.array_equal(bits(result)[outside], bits(pixels)[outside])
    inside = result.to(torch.float64)[torch.from_numpy(~outside)]
    assert bool(((inside >= low) & (inside <= high)).all())
    expected = np.clip(pixels.double().numpy() + weight * change * (high - low), low, high)
    tolerance = 1e-5 if dtype.is_floating_point else 0.501
    assert np.abs(result.double().numpy() - expected)[~outside].max(initial=0) <= tolerance
    assert bool((result == result[:1]).all())


def test_halves_round_to_even() -> None:
    pixels = torch.tensor([[[10, 11, 12, 13]]], dtype=torch.uint8)
    change = np.full((1, 4), 0.5 / 256, np.float32)
    result = blend(pixels, change, np.ones((1, 4), np.float32), ValueRange(0, 256))
    assert result.tolist() == [[[10, 12, 12, 14]]]


def test_a_range_wider_than_the_dtype_saturates_instead_of_wrapping() -> None:
    pixels = torch.tensor([[[250, 3]]], dtype=torch.uint8)
    change = np.array([[0.5, -0.5]], np.float32)
    result = blend(pixels, change, np.ones((1, 2), np.float32), ValueRange(-100, 1000))
    assert result.tolist() == [[[255, 0]]]


def test_no_change_leaves_the_pixels_inside_too() -> None:
    for dtype, (low, high) in RANGES.items():
        pixels = torch.linspace(low, high, 64).to(dtype).view(1, 8, 8)
        nothing = np.zeros((8, 8), np.float32)
        assert torch.equal(blend(pixels, nothing, nothing + 1, ValueRange(low, high)), pixels)
