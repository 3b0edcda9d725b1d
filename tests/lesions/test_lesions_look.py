"""The signs by which a reader knows each lesion, and its size in millimetres."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from medsynth_aug.anatomy.ribs import find_ribs
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.lesions.draw import Drawing, draw
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.lesions.vessels import vessels_of

from .conftest import make_thorax


def sized(name: str, scene: Scene, size_mm: float, seed: int = 0) -> Drawing:
    lesion = replace(resolve_lesion(name), size_mm=(size_mm, size_mm))
    drawing = draw(lesion, scene, np.random.default_rng(seed))
    assert isinstance(drawing, Drawing), drawing
    return drawing


@pytest.mark.parametrize("spacing_mm", [0.7, 1.2, 1.8])
@pytest.mark.parametrize("size_mm", [10, 25])
def test_a_nodule_has_its_diameter_in_millimetres(size_mm, spacing_mm):
    scene = make_thorax((int(345 / spacing_mm),) * 2, spacing_mm)
    areas = [sized("nodule", scene, size_mm, seed).mask.sum() * spacing_mm**2 for seed in range(6)]
    assert 2 * np.sqrt(np.median(areas) / np.pi) == pytest.approx(size_mm, rel=0.15)


@pytest.mark.parametrize("spacing_mm", [0.9, 1.8])
@pytest.mark.parametrize("size_mm", [15, 40])
def test_a_pneumothorax_is_as_deep_at_the_apex_as_its_size(size_mm, spacing_mm):
    scene = make_thorax((int(345 / spacing_mm),) * 2, spacing_mm)
    drawing = sized("pneumothorax", scene, size_mm)
    lung = scene.lung(drawing.site.side)
    apex = int(np.nonzero(lung.any(axis=1))[0][0])
    column = int(np.nonzero(lung[apex])[0].mean())
    assert drawing.mask[:, column].sum() * spacing_mm == pytest.approx(size_mm, rel=0.2, abs=2 * spacing_mm)


def test_a_pneumothorax_is_darker_than_lung_and_has_a_bright_line_at_its_edge(thorax):
    drawing = sized("pneumothorax", thorax, 40)
    change = drawing.weight * (drawing.composite - thorax.grey)
    assert np.median(change[drawing.mask]) < -0.01
    bright = change > 0.03
    assert bright.sum() > 40
    assert bright.sum() < 0.25 * drawing.mask.sum()


def test_vessels_are_removed_and_ribs_stay(thorax):
    vessels = vessels_of(thorax)
    lung = thorax.lung("both")
    column = int(np.nonzero(lung.any(axis=0))[0][10])
    rib = lung & (thorax.grey > 0.38) & (thorax.grey < 0.46)
    assert np.mean(vessels[rib]) < 0.02
    bare = replace(thorax, grey=thorax.grey.copy())
    row = int(np.nonzero(lung[:, column + 30])[0].mean())
    bare.grey[row : row + 2, column + 25 : column + 34] += 0.15
    added = vessels_of(bare) - vessels
    assert added[row : row + 2, column + 27 : column + 32].mean() > 0.08


@pytest.mark.parametrize("size_mm", [30, 80])
def test_an_effusion_rises_to_its_height_at_the_lateral_wall(size_mm, thorax):
    drawing = sized("effusion", thorax, size_mm)
    lung = thorax.lung(drawing.site.side)
    rows = np.nonzero(drawing.mask)[0]
    lowest = np.nonzero(lung.any(axis=1))[0].max()
    assert (lowest - rows.min()) * thorax.spacing.row_mm == pytest.approx(size_mm, rel=0.35)


def test_an_effusion_is_a_meniscus_and_hides_texture(thorax):
    drawing = sized("effusion", thorax, 80)
    columns = np.nonzero(drawing.mask.any(axis=0))[0]
    tops = np.argmax(drawing.mask[:, columns], axis=0)
    lateral, medial = (tops[: len(tops) // 4], tops[-len(tops) // 4 :])
    if drawing.site.side == "left":
        lateral, medial = medial, lateral
    assert lateral.min() < medial.min()
    deep = drawing.mask & (np.arange(thorax.shape[0])[:, None] > tops.max())
    fine_before, fine_after = (grey - cv2.blur(grey, (15, 15)) for grey in (thorax.grey, drawing.composite))
    inner = cv2.erode(deep.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert fine_after[inner].std() < 0.6 * fine_before[inner].std()
    assert drawing.composite[deep].mean() > thorax.grey[deep].mean() + 0.1


def test_a_consolidation_veils_the_ribs_without_erasing_them(thorax):
    drawing = sized("bacterial_consolidation", thorax, 70, seed=2)
    core = drawing.mask & (drawing.weight == 1)
    change = drawing.composite - thorax.grey
    assert change[core].mean() > 0.05
    shared = np.corrcoef(thorax.grey[core], drawing.composite[core])[0, 1]
    assert shared > 0.3


@pytest.mark.parametrize("name", ["bacterial_consolidation", "viral_consolidation"])
@pytest.mark.parametrize("seed", range(4))
def test_a_consolidation_does_not_spill_over_the_chest_wall(name, seed, thorax):
    drawing = sized(name, thorax, 110, seed)
    near_lung = cv2.dilate(thorax.lung("both").astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.abs(drawing.composite - thorax.grey)[~near_lung].max() < 1e-3


def test_viral_consolidation_is_diffuse_in_both_lungs(thorax):
    lesion = resolve_lesion("viral_consolidation")
    drawing = sized("viral_consolidation", thorax, 200)
    assert lesion.diffuse and drawing.site.side == "both"
    for lung in (thorax.right_lung, thorax.left_lung):
        assert (drawing.mask & lung).sum() > 0.8 * lung.sum()


def test_a_fracture_is_a_short_stretch_of_rib_and_says_that_it_is_schematic(thorax):
    drawing = sized("fracture", thorax, 12)
    ribs = find_ribs(thorax.grey, thorax.lung("both"), thorax.spacing)
    assert resolve_lesion("fracture").schematic
    assert ribs is not None
    distance = np.hypot(ribs.rows - drawing.site.row, ribs.columns - drawing.site.column)
    assert distance.min() * thorax.spacing.mean_mm < 5
    rows, columns = np.nonzero(drawing.mask)
    along = columns * np.cos(drawing.site.angle_rad) + rows * np.sin(drawing.site.angle_rad)
    assert np.ptp(along) * thorax.spacing.mean_mm == pytest.approx(12, abs=2.5)


def test_ribs_are_found_along_the_bands_and_none_in_noise(thorax):
    ribs = find_ribs(thorax.grey, thorax.lung("both"), thorax.spacing)
    assert ribs is not None
    on_band = thorax.grey[ribs.rows.astype(int), ribs.columns.astype(int)] > 0.37
    assert on_band.mean() > 0.85
    noise = np.random.default_rng(0).normal(0.5, 0.02, thorax.shape).astype(np.float32)
    assert find_ribs(noise, thorax.lung("both"), thorax.spacing) is None
    assert find_ribs(np.full(thorax.shape, 0.5, np.float32), thorax.lung("both"), thorax.spacing) is None
