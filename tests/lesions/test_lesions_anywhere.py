"""Priors for images without lungs: a place anywhere, and a lesion that scales what is there."""

from dataclasses import replace

import numpy as np
import pytest

from medsynth_aug.errors import SettingError
from medsynth_aug.lesions import Prior, resolve_lesion
from medsynth_aug.lesions.anywhere import gain_in_grey, place_anywhere
from medsynth_aug.lesions.draw import Drawing, NoPlace, draw
from medsynth_aug.lesions.fields import depth_px
from medsynth_aug.lesions.scene import Scene, Site
from medsynth_aug.types import BoolMap, Spacing
from tests.ultrasound import CYST, SHAPE, SPACING_MM, gland, speckled


def scene_of(anatomy: BoolMap | None = None, keep: BoolMap | None = None) -> Scene:
    nothing = np.zeros(SHAPE, bool)
    return Scene(
        grey=(speckled(7) / np.float32(255)).astype(np.float32),
        right_lung=nothing if anatomy is None else anatomy, left_lung=nothing, spacing=Spacing(*SPACING_MM),
        keep=nothing if keep is None else keep,
    )  # fmt: skip


def sites_in(scene: Scene, clearance_mm: float, count: int = 60) -> list[Site]:
    drawn = [
        place_anywhere(scene, np.random.default_rng(seed), clearance_mm=clearance_mm) for seed in range(count)
    ]
    return [site for site in drawn if site is not None]


def test_anywhere_is_all_of_the_image_but_its_border_and_the_keep_mask() -> None:
    keep = np.zeros(SHAPE, bool)
    keep[:, :40] = True
    sites = sites_in(scene_of(keep=keep), 4.0)
    rows, columns = [site.row for site in sites], [site.column for site in sites]
    assert len(sites) == 60
    assert 19 <= min(rows) < 40 and SHAPE[0] - 40 < max(rows) <= SHAPE[0] - 20
    assert 59 <= min(columns) < 80 and SHAPE[1] - 40 < max(columns) <= SHAPE[1] - 20
    assert {site.side for site in sites if site.column < 75} == {"right"}
    assert {site.side for site in sites if site.column >= 75} == {"left"}


def test_anywhere_is_well_inside_the_anatomy_where_there_is_one() -> None:
    depth = depth_px(gland())
    assert all(depth[int(site.row), int(site.column)] > 20 for site in sites_in(scene_of(gland()), 4.0))
    assert {site.side for site in sites_in(scene_of(gland()), 4.0)} == {"right"}  # the plane that holds it


def test_where_there_is_little_room_the_clearance_is_halved_and_then_there_is_no_place() -> None:
    narrow = np.zeros(SHAPE, bool)
    narrow[50:61] = True
    assert {site.row for site in sites_in(scene_of(narrow), 4.0)} == {55}
    assert not sites_in(scene_of(narrow), 6.0)
    everything = np.ones(SHAPE, bool)
    assert isinstance(
        draw(resolve_lesion(CYST), scene_of(keep=everything), np.random.default_rng(0)), NoPlace
    )


@pytest.mark.parametrize("gain", [0.3, 1.4])
def test_a_gain_scales_what_is_there_and_leaves_the_rest(gain: float) -> None:
    lesion = replace(
        CYST, intensity=Prior("gain", parameters={"gain": [gain, gain], "edge_mm": [0.4, 0.4], "mottle": 0.0})
    )
    scene = scene_of()
    drawing = draw(resolve_lesion(lesion), scene, np.random.default_rng(0))
    assert isinstance(drawing, Drawing)
    inside = depth_px(drawing.mask) > 3 * 0.4 / SPACING_MM[0]
    assert inside.any()
    assert np.allclose(drawing.composite[inside], np.clip(gain * scene.grey[inside], 0, 1), atol=0.02)
    assert (drawing.composite[~drawing.edit_region] == scene.grey[~drawing.edit_region]).all()


def test_a_bright_lesion_of_soft_tissue_needs_no_lungs() -> None:
    scene, brighter = scene_of(), replace(CYST, intensity=Prior("soft_tissue"))
    drawing = draw(resolve_lesion(brighter), scene, np.random.default_rng(0))
    assert isinstance(drawing, Drawing)
    assert drawing.composite[drawing.mask].mean() > 1.05 * scene.grey[drawing.mask].mean()


def test_a_negative_gain_is_refused() -> None:
    with pytest.raises(SettingError, match=r"gain is \(-0\.5, 0\.5\); .* it must be at least 0"):
        gain_in_grey(scene_of(), Site("right", 60, 60), gland(), np.random.default_rng(0), gain=(-0.5, 0.5))
