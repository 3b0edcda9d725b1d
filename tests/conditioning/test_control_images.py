"""Control images follow anatomy, not exposure, bit depth or grain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.conditioning import (
    CONTROL_NAMES,
    AttenuationDepth,
    ConditioningSettings,
    canny,
    control_images,
    estimate_noise,
    remove_noise,
    resample,
)
from medsynth_aug.errors import SettingError
from medsynth_aug.types import Grey


def phantom(size: int = 96, noise: float = 0.01, seed: int = 0) -> Grey:
    """A bright disc and a bright bar on a ramp, with grain."""
    rows, columns = np.mgrid[:size, :size] / size
    grey = 0.2 + 0.1 * columns
    grey += 0.4 * (np.hypot(rows - 0.4, columns - 0.35) < 0.2) + 0.3 * (np.abs(columns - 0.8) < 0.05)
    return (grey + np.random.default_rng(seed).normal(0, noise, (size, size))).astype(np.float32)


def agreement(one: Grey, other: Grey) -> float:
    """Intersection over union of two edge maps."""
    return float((one * other).sum() / np.maximum(one, other).sum())


@given(gain=st.floats(0.1, 1.0), offset=st.floats(0, 0.5))
def test_edges_do_not_depend_on_exposure(gain: float, offset: float) -> None:
    grey = phantom()
    assert agreement(canny(grey), canny((gain * grey + offset).astype(np.float32))) > 0.95


def test_edges_outline_the_disc_and_nothing_flat() -> None:
    edges = canny(phantom(noise=0))
    assert set(np.unique(edges)) == {0.0, 1.0}
    rows, columns = np.nonzero(edges[:, :60])
    distance = np.hypot(rows / 96 - 0.4, columns / 96 - 0.35)
    assert len(rows) > 60
    assert np.abs(distance - 0.2).max() < 0.04


def test_a_flat_image_has_no_edges_and_a_finite_depth() -> None:
    flat = np.full((48, 40), 0.4, np.float32)
    assert not canny(flat).any()
    depth = AttenuationDepth()(flat)
    assert np.isfinite(depth).all()
    assert depth.min() >= 0
    assert depth.max() <= 1


def test_8_and_16_bits_give_the_same_controls() -> None:
    grey = np.clip(phantom(), 0, 1)
    coarse = (np.round(grey * 255) / 255).astype(np.float32)
    fine = (np.round(grey * 65535) / 65535).astype(np.float32)
    assert agreement(canny(coarse), canny(fine)) > 0.9
    assert np.abs(AttenuationDepth()(coarse) - AttenuationDepth()(fine)).max() < 0.01


@given(seed=st.integers(0, 1000), low=st.floats(-2, 0), gain=st.floats(0.01, 5))
def test_depth_stays_within_0_and_1(seed: int, low: float, gain: float) -> None:
    depth = AttenuationDepth()((low + gain * phantom(seed=seed)).astype(np.float32))
    assert depth.dtype == np.float32
    assert 0 <= depth.min() < depth.max() <= 1


def test_depth_follows_thickness() -> None:
    columns = np.linspace(0, np.pi, 128)
    thickness = np.tile(np.sin(columns), (128, 1))
    grain = np.random.default_rng(0).normal(0, 0.02, thickness.shape)
    depth = AttenuationDepth()((0.1 + 0.7 * thickness + grain).astype(np.float32))
    assert np.corrcoef(depth.ravel(), thickness.ravel())[0, 1] > 0.98


def test_the_name_of_the_depth_model_changes_with_its_settings() -> None:
    assert AttenuationDepth().name != AttenuationDepth(smoothness_px=8.0).name


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.08])
def test_the_estimate_of_noise_is_near_the_truth(noise: float) -> None:
    assert estimate_noise(phantom(size=256, noise=noise)) == pytest.approx(noise, rel=0.15)


def test_noise_removal_lowers_noise_and_keeps_the_edge() -> None:
    step = np.full((64, 64), 0.2, np.float32)
    step[:, 32:] = 0.7
    grainy = (step + np.random.default_rng(0).normal(0, 0.03, step.shape)).astype(np.float32)
    calm = remove_noise(grainy)
    assert calm[:, 4:28].std() < 0.5 * grainy[:, 4:28].std()
    jump = calm[:, 32].mean() - calm[:, 31].mean()
    assert jump == pytest.approx(0.5, abs=0.03)


def test_an_image_without_noise_comes_back_as_a_copy() -> None:
    flat = np.full((16, 16), 0.3, np.float32)
    calm = remove_noise(flat)
    assert np.array_equal(calm, flat)
    assert not np.shares_memory(calm, flat)


@given(factor=st.integers(2, 6), height=st.integers(8, 20), width=st.integers(8, 20))
def test_shrinking_keeps_the_mean(factor: int, height: int, width: int) -> None:
    grey = np.random.default_rng(height * width).random((height * factor, width * factor)).astype(np.float32)
    small = resample(grey, (height, width))
    assert small.shape == (height, width)
    assert small.mean() == pytest.approx(grey.mean(), abs=1e-4)


def test_shrinking_does_not_alias() -> None:
    stripes = np.tile(np.array([0, 1], np.float32), (64, 32))
    assert np.allclose(resample(stripes, (16, 16)), 0.5)


def test_growing_gives_back_what_shrinking_left() -> None:
    smooth = AttenuationDepth()(phantom(noise=0))
    assert np.abs(resample(resample(smooth, (48, 48)), (96, 96)) - smooth).mean() < 0.01


def test_the_same_grid_is_a_copy() -> None:
    grey = phantom()
    assert np.array_equal(resample(grey, grey.shape), grey)
    assert not np.shares_memory(resample(grey, grey.shape), grey)


def test_the_stack_has_the_fixed_order() -> None:
    grey, settings = phantom(), ConditioningSettings(denoise=False)
    mask, anatomy = np.zeros_like(grey), np.ones_like(grey)
    mask[10:20, 10:20] = 1
    stack = control_images(grey, mask, anatomy, settings)
    assert stack.shape == (4, 96, 96)
    assert stack.dtype == np.float32
    for channel, expected in zip(stack, (canny(grey), AttenuationDepth()(grey), mask, anatomy), strict=True):
        assert np.array_equal(channel, expected)


@pytest.mark.parametrize("absent", CONTROL_NAMES)
def test_an_absent_control_is_zero_and_the_others_stay(absent: str) -> None:
    grey = phantom()
    given_ = tuple(name for name in CONTROL_NAMES if name != absent)
    ones = np.ones_like(grey)
    every = control_images(grey, ones, ones, ConditioningSettings())
    fewer = control_images(grey, ones, ones, ConditioningSettings(controls=given_))
    for name, with_all, without in zip(CONTROL_NAMES, every, fewer, strict=True):
        assert with_all.any()
        assert np.array_equal(without, np.zeros_like(grey) if name == absent else with_all)


def test_denoising_takes_edges_from_grain_away() -> None:
    noisy, ones = phantom(192, noise=0.08), np.ones((192, 192), np.float32)
    calm = control_images(noisy, ones, ones, ConditioningSettings())[0]
    raw = control_images(noisy, ones, ones, ConditioningSettings(denoise=False))[0]
    assert calm.sum() < 0.8 * raw.sum()
    clean = canny(phantom(192, noise=0))
    assert agreement(calm, clean) > agreement(raw, clean)


def test_another_depth_model_takes_the_place_of_attenuation() -> None:
    class Constant:
        name = "constant"

        def __call__(self, grey: Grey) -> Grey:
            return np.full_like(grey, 0.25)

    ones = np.ones((96, 96), np.float32)
    stack = control_images(phantom(), ones, ones, ConditioningSettings(), depth_model=Constant())
    assert (stack[1] == 0.25).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"controls": ("canny", "pose")}, r"controls \['pose'\] are unknown; choose from canny, depth"),
        (
            {"controlnet_conditioning_scale": -1},
            r"controlnet_conditioning_scale is -1; it must be at least 0",
        ),
        ({"controlnet_conditioning_scale": (1, -0.5)}, r"must be at least 0"),
        ({"context": 0.5}, r"context is 0.5; it must be in \[1, 4\]"),
    ],
)
def test_settings_out_of_range_say_so(settings: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ConditioningSettings(**settings)
