"""The schematic rib cage fits its lung fields: arches in them, as many as a chest has, nothing beyond."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from scipy.signal import find_peaks

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.anatomy.rib_cage import draw_rib_cage

LUNGS = schematic_lungs((256, 256)).numpy()


def drawn(seed: int = 0) -> np.ndarray:
    return draw_rib_cage(LUNGS, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("side", [0, 1])
def test_a_line_down_each_lung_crosses_as_many_ribs_as_a_chest_has(seed: int, side: int) -> None:
    rows, columns = np.nonzero(LUNGS[side])
    profile = drawn(seed)[rows.min() : rows.max(), int(np.median(columns))]
    smooth = np.convolve(profile, np.ones(7) / 7, "same")
    assert 6 <= len(find_peaks(smooth, height=0.35, distance=8)[0]) <= 12


def test_ribs_lie_in_the_lungs_and_at_their_wall() -> None:
    contrast = drawn()
    assert (contrast.shape, contrast.dtype) == ((256, 256), np.float32)
    assert 0 <= contrast.min() < 0.05 and 0.5 < contrast.max() <= 1
    assert contrast[~binary_dilation(LUNGS.any(0), iterations=20)].max() < 0.02


def test_ribs_fall_towards_the_chest_wall() -> None:
    contrast, columns = drawn(), np.nonzero(LUNGS[1])[1]
    medial = contrast[:, int(np.percentile(columns, 35))]
    lateral = contrast[:, int(np.percentile(columns, 65))]
    shifts = range(-12, 13)
    best = max(shifts, key=lambda shift: float(medial[60:190] @ lateral[60 + shift : 190 + shift]))
    assert best > 0


def test_the_same_chance_draws_the_same_cage_and_nothing_is_drawn_without_lungs() -> None:
    assert np.array_equal(drawn(3), drawn(3))
    assert not np.array_equal(drawn(3), drawn(4))
    assert not draw_rib_cage(np.zeros((2, 64, 64), bool), np.random.default_rng(0)).any()
