"""What every lesion of the catalogue promises when it is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.lesions import Prior, lesion_names, resolve_lesion
from medsynth_aug.lesions.draw import Drawing, NoPlace, draw
from medsynth_aug.lesions.scene import Scene

from .conftest import make_thorax

BUILT_IN = (
    "bacterial_consolidation",
    "effusion",
    "fracture",
    "mass",
    "nodule",
    "pneumothorax",
    "viral_consolidation",
)
IN_LUNG = tuple(name for name in BUILT_IN if name != "fracture")


def drawn(name: str, scene: Scene, seed: int = 0, **more) -> Drawing:
    drawing = draw(resolve_lesion(name), scene, np.random.default_rng(seed), **more)
    assert isinstance(drawing, Drawing), drawing
    return drawing


def disc(shape: tuple[int, int], row: float, column: float, radius: float):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(rows - row, columns - column) <= radius


def test_the_catalogue_holds_what_the_data_carry():
    assert set(BUILT_IN) <= set(lesion_names())


@pytest.mark.parametrize("name", IN_LUNG)
@pytest.mark.parametrize("seed", range(4))
def test_a_lung_lesion_lies_inside_the_lungs(name, seed, thorax):
    mask = drawn(name, thorax, seed).mask
    assert mask.any()
    assert not (mask & ~thorax.lung("both")).any()


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_same_seed_draws_the_same_lesion_and_another_seed_another(name, thorax):
    first, again, other = drawn(name, thorax, 3), drawn(name, thorax, 3), drawn(name, thorax, 4)
    assert (first.mask == again.mask).all() and (first.composite == again.composite).all()
    assert (first.weight == again.weight).all() and first.site == again.site
    assert (first.composite != other.composite).any()


@pytest.mark.parametrize("name", BUILT_IN)
def test_drawing_leaves_the_scene_as_it_was(name, thorax):
    before = thorax.grey.copy()
    drawn(name, thorax)
    assert (thorax.grey == before).all()


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("seed", range(3))
def test_outside_the_edit_region_the_composite_is_the_source(name, seed, thorax):
    drawing = drawn(name, thorax, seed)
    assert not (drawing.mask & ~drawing.edit_region).any()
    assert (drawing.composite[~drawing.edit_region] == thorax.grey[~drawing.edit_region]).all()
    assert (drawing.weight[~drawing.edit_region] == 0).all()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_lesion_is_seen(name, thorax):
    drawing = drawn(name, thorax, 1)
    change = np.abs(drawing.weight * (drawing.composite - thorax.grey))
    assert np.percentile(change[drawing.mask], 95) > 0.03


@pytest.mark.parametrize("name", ["nodule", "mass", "pneumothorax", "fracture"])
def test_the_edit_fades_out_at_the_rim_of_its_region(name, thorax):
    drawing = drawn(name, thorax, 2)
    change = np.abs(drawing.weight * (drawing.composite - thorax.grey))
    rim = drawing.edit_region & (drawing.weight < 0.2)
    assert change[rim].max() < 0.02


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_to_be_kept_is_never_painted_over(name):
    keep = disc((288, 288), 120, 90, 40) | disc((288, 288), 200, 200, 30)
    scene = make_thorax(keep=keep)
    for seed in range(3):
        drawing = drawn(name, scene, seed)
        assert not (drawing.edit_region & keep).any()
        assert (drawing.composite[keep] == scene.grey[keep]).all()


@pytest.mark.parametrize("name", BUILT_IN)
@given(row=st.integers(0, 95), column=st.integers(0, 95), radius=st.integers(1, 40))
def test_the_users_mask_wins_wherever_it_lies(name, row, column, radius):
    scene = make_thorax((96, 96), 3.0)
    mask = disc(scene.shape, row, column, radius)
    drawing = drawn(name, scene, mask=mask)
    assert (drawing.mask == mask).all()
    assert np.isfinite(drawing.composite).all()
    assert drawing.composite.min() >= 0 and drawing.composite.max() <= 1


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_mask_over_the_whole_image_can_be_drawn(name, thorax):
    drawing = drawn(name, thorax, mask=np.ones(thorax.shape, bool))
    assert drawing.edit_region.all() and np.isfinite(drawing.composite).all()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_users_mask_needs_no_lungs(name):
    scene = make_thorax(sides="none")
    drawing = drawn(name, scene, mask=disc(scene.shape, 5, 5, 20))
    assert np.isfinite(drawing.composite).all()


@pytest.mark.parametrize("name", BUILT_IN)
def test_without_lungs_there_is_no_place(name):
    refusal = draw(resolve_lesion(name), make_thorax(sides="none"), np.random.default_rng(0))
    assert isinstance(refusal, NoPlace)
    assert refusal.reason == f"no place for {name} was found in this anatomy"


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_mask_that_the_keep_mask_covers_is_refused(name):
    mask = disc((288, 288), 100, 90, 10)
    scene = make_thorax(keep=disc((288, 288), 100, 90, 12))
    refusal = draw(resolve_lesion(name), scene, np.random.default_rng(0), mask=mask)
    assert isinstance(refusal, NoPlace) and "keep-mask covers it" in refusal.reason


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("side", ["right", "left"])
def test_one_lung_is_enough_and_gets_the_lesion(name, side):
    scene = make_thorax(sides=side)
    drawing = drawn(name, scene, 5)
    assert drawing.site.side == side
    assert (drawing.mask & scene.lung(side)).sum() > 0.5 * drawing.mask.sum()


@pytest.mark.parametrize("name", ["pneumothorax", "effusion"])
def test_a_ragged_lung_is_no_place_for_what_follows_its_border(name, thorax):
    ragged = thorax.right_lung.copy()
    rows, columns = np.nonzero(ragged)
    middle = int(np.median(rows))
    ragged[middle - 40 : middle + 40, : int(columns.mean()) + 12] = False
    scene = replace(thorax, right_lung=ragged)
    for seed in range(8):
        assert drawn(name, scene, seed).site.side == "left"
    refusal = draw(
        resolve_lesion(name), replace(scene, left_lung=np.zeros_like(ragged)), np.random.default_rng(0)
    )
    assert isinstance(refusal, NoPlace)
    first_version = replace(resolve_lesion(name), placement=Prior("one_lung", 1))
    assert isinstance(draw(first_version, scene, np.random.default_rng(0)), Drawing)


@pytest.mark.parametrize("name", BUILT_IN)
@given(height=st.integers(32, 70), width=st.integers(32, 70), seed=st.integers(0, 99))
def test_tiny_images_are_drawn_or_refused_but_never_fail(name, height, width, seed):
    scene = make_thorax((height, width), 350 / width)
    drawing = draw(resolve_lesion(name), scene, np.random.default_rng(seed))
    assert isinstance(drawing, NoPlace) or np.isfinite(drawing.composite).all()


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", BUILT_IN)
def test_an_image_without_contrast_is_drawn_or_refused(name, level, thorax):
    flat = replace(thorax, grey=np.full(thorax.shape, level, np.float32))
    drawing = draw(resolve_lesion(name), flat, np.random.default_rng(0))
    assert isinstance(drawing, NoPlace) or np.isfinite(drawing.composite).all()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_sham_has_the_region_of_the_lesion_and_no_lesion(name, thorax):
    lesion, sham = drawn(name, thorax, 6), drawn(name, thorax, 6, sham=True)
    assert not sham.mask.any() and (sham.composite == thorax.grey).all()
    assert (sham.edit_region == lesion.edit_region).all() and (sham.weight == lesion.weight).all()
