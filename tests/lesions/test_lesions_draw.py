"""What the lesions of the catalogue promise beyond the guarantees of every lesion (tests/testing)."""

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


def drawn(name: str, scene: Scene, seed: int = 0, **more) -> Drawing:
    drawing = draw(resolve_lesion(name), scene, np.random.default_rng(seed), **more)
    assert isinstance(drawing, Drawing), drawing
    return drawing


def disc(shape: tuple[int, int], row: float, column: float, radius: float):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(rows - row, columns - column) <= radius


def test_the_catalogue_holds_what_the_data_carry():
    assert set(BUILT_IN) <= set(lesion_names())


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
@given(row=st.integers(0, 95), column=st.integers(0, 95), radius=st.integers(1, 40))
def test_the_users_mask_wins_wherever_it_lies(name, row, column, radius):
    scene = make_thorax((96, 96), 3.0)
    mask = disc(scene.shape, row, column, radius)
    drawing = drawn(name, scene, mask=mask)
    assert (drawing.mask == mask).all()
    assert np.isfinite(drawing.composite).all()
    assert drawing.composite.min() >= 0 and drawing.composite.max() <= 1


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
