"""Pixels and maps are packed small, and come back as they were."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.bank.packing import pack_map, pack_sample, unpack_map, unpack_sample
from tests.bank.material import DTYPES, sample

TEMPLATE = sample()


@given(
    dtype=st.sampled_from(DTYPES),
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    seed=st.integers(0, 99),
    spaced=st.booleans(),
)
def test_pixels_of_any_shape_are_packed_and_unpacked_equal(
    dtype: torch.dtype, channels: int, height: int, width: int, seed: int, spaced: bool
) -> None:
    chance = np.random.default_rng(seed)
    image = torch.from_numpy(chance.integers(0, 256, (channels, height, width))).to(dtype)
    mask, region = (torch.from_numpy(chance.random((1, height, width)) < 0.5) for _ in range(2))
    spacing = TEMPLATE.spacing if spaced else None
    packed = pack_sample(replace(TEMPLATE, image=image, mask=mask, edit_region=region, spacing=spacing))
    back = unpack_sample(packed)
    assert back[0].dtype == dtype
    for left, right in zip(back[:3], (image, mask, region), strict=True):
        assert torch.equal(left, right)
    assert back[3:] == (TEMPLATE.value_range, spacing)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32], ids=str)
def test_maps_of_any_dtype_are_packed_and_unpacked_equal(dtype: torch.dtype) -> None:
    map_ = (torch.arange(2 * 5 * 7) % 3).reshape(2, 5, 7).to(dtype)
    back = unpack_map(pack_map(map_))
    assert back.dtype == dtype
    assert torch.equal(back, map_)


def test_binary_maps_take_one_bit_a_pixel() -> None:
    assert len(pack_map(torch.ones(2, 512, 512, dtype=torch.bool))) < 2 * 512 * 512 / 8 + 300
