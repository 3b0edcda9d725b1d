"""Lung fields: the right piece goes to the right side, and missing weights are named."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from medsynth_aug.anatomy import assume_spacing, schematic_lungs
from medsynth_aug.anatomy.lung_fields import (
    INPUT_SIZE,
    build_lung_network,
    segment_lungs,
    split_sides,
    standardise,
)
from medsynth_aug.errors import CheckpointError


def test_two_lungs_are_split_by_side() -> None:
    lungs = schematic_lungs((120, 100)).numpy()
    assert np.array_equal(split_sides(lungs.any(0)), lungs)


def test_a_mirrored_image_swaps_the_sides() -> None:
    lungs = schematic_lungs((120, 100)).numpy()
    right, left = split_sides(lungs.any(0)[:, ::-1].copy())
    assert np.array_equal(right, lungs[1][:, ::-1])
    assert np.array_equal(left, lungs[0][:, ::-1])


def test_lungs_that_touch_are_cut_at_the_midline() -> None:
    joined = np.zeros((60, 80), bool)
    joined[10:50, 10:70] = True
    right, left = split_sides(joined)
    assert np.array_equal(right | left, joined)
    assert not (right & left).any()
    assert abs(int(right.sum()) - int(left.sum())) <= 40
    assert np.nonzero(right)[1].max() < np.nonzero(left)[1].min()


def test_no_lungs_are_two_empty_sides() -> None:
    assert split_sides(np.zeros((9, 7), bool)).shape == (2, 9, 7)
    assert not split_sides(np.zeros((9, 7), bool)).any()


@given(seed=st.integers(0, 10_000))
def test_splitting_loses_and_doubles_no_pixel(seed: int) -> None:
    lungs = np.random.default_rng(seed).random((20, 24)) < 0.3
    right, left = split_sides(lungs)
    assert np.array_equal(right | left, lungs)
    assert not (right & left).any()


def test_missing_weights_are_named_with_the_way_out(tmp_path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.safetensors is missing; .*pass your own anatomy"):
        segment_lungs(np.zeros((32, 32), np.float32), weights=tmp_path / "nowhere.safetensors")


def test_weights_of_another_network_are_refused(tmp_path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="does not fit the lung network"):
        segment_lungs(np.zeros((32, 32), np.float32), weights=tmp_path / "other.safetensors")


def test_the_segmentation_lies_on_the_image_grid_and_is_the_same_twice(tmp_path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_file(build_lung_network().state_dict(), tmp_path / "model.safetensors")
    grey = np.random.default_rng(0).random((90, 70)).astype(np.float32)
    lungs = segment_lungs(grey, weights=tmp_path / "model.safetensors")
    assert lungs.shape == (2, 90, 70)
    assert lungs.dtype == torch.bool
    assert torch.equal(lungs, segment_lungs(grey, weights=tmp_path / "model.safetensors"))


@given(gain=st.floats(0.2, 1.0), offset=st.floats(0, 0.4))
def test_the_network_sees_the_same_picture_at_any_exposure(gain: float, offset: float) -> None:
    grey = np.random.default_rng(1).random((64, 48)).astype(np.float32)
    seen = standardise(grey)
    assert seen.shape == (INPUT_SIZE, INPUT_SIZE)
    assert np.abs(standardise((gain * grey + offset).astype(np.float32)) - seen).max() < 1e-3


def test_spacing_is_assumed_from_the_width_of_the_lungs() -> None:
    lungs = torch.zeros(2, 50, 100, dtype=torch.bool)
    lungs[0, 10:40, 5:30] = True
    lungs[1, 10:40, 70:95] = True
    assert assume_spacing(lungs).column_mm == pytest.approx(3.0)
    assert assume_spacing(torch.zeros_like(lungs)).row_mm == pytest.approx(3.5)
