"""The catalogue: names, the user's own lesions and priors, and lesions as data."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from medsynth_aug.errors import SettingError, UnknownLesionError
from medsynth_aug.lesions import (
    Lesion,
    Prior,
    catalogue,
    lesion_names,
    priors,
    register_lesion,
    register_prior,
    resolve_lesion,
)
from medsynth_aug.lesions.draw import Drawing, draw


@pytest.fixture(autouse=True)
def clean_registries() -> Iterator[None]:
    lesions, functions = dict(catalogue._LESIONS), dict(priors._REGISTRY)
    yield
    for registry, before in ((catalogue._LESIONS, lesions), (priors._REGISTRY, functions)):
        registry.clear()
        registry.update(before)


def test_an_unknown_lesion_is_named_with_those_that_are_known():
    with pytest.raises(UnknownLesionError, match=r"'pneumotorax' is not registered; known: .*pneumothorax"):
        resolve_lesion("pneumotorax")


def test_a_lesion_of_the_users_own_is_drawn_by_its_own_prior(thorax):
    @register_prior("shape", "square")
    def square(scene, site, size_mm, rng):
        half = int(scene.pixels(size_mm) / 2)
        mask = np.zeros(scene.shape, bool)
        row, column = int(site.row), int(site.column)
        mask[row - half : row + half, column - half : column + half] = True
        return mask

    register_lesion(
        Lesion(
            name="square opacity",
            prompt="a square",
            placement=Prior("in_lung"),
            shape=Prior("square"),
            intensity=Prior("soft_tissue", parameters={"contrast": [0.5, 0.5]}),
            size_mm=(24.0, 24.0),
        )
    )
    assert "square opacity" in lesion_names()
    drawing = draw(resolve_lesion("square opacity"), thorax, np.random.default_rng(0))
    assert isinstance(drawing, Drawing)
    assert drawing.mask.sum() == 20 * 20


def test_a_name_is_taken_only_once():
    nodule = resolve_lesion("nodule")
    other = replace(nodule, prompt="another")
    with pytest.raises(SettingError, match="'nodule' is registered already"):
        register_lesion(other)
    assert register_lesion(other, replace_existing=True).prompt == "another"
    assert resolve_lesion("nodule").prompt == "another"


def test_a_prior_that_is_not_registered_is_named_when_resolving():
    lesion = replace(resolve_lesion("nodule"), shape=Prior("star"))
    with pytest.raises(SettingError, match="shape prior 'star' version None is not registered here; known: "):
        resolve_lesion(lesion)


def test_resolving_fills_in_the_newest_version_and_keeps_an_asked_one(thorax):
    @register_prior("shape", "lobulated", version=2)
    def newer(scene, site, size_mm, rng):
        return scene.right_lung

    nodule = catalogue._LESIONS["nodule"]
    assert resolve_lesion(nodule).shape.version == 2
    pinned = replace(nodule, shape=Prior("lobulated", 1))
    assert resolve_lesion(pinned).shape.version == 1
    drawing = draw(resolve_lesion(nodule), thorax, np.random.default_rng(0))
    assert isinstance(drawing, Drawing) and (drawing.mask == thorax.right_lung).all()


@pytest.mark.parametrize("name", lesion_names())
def test_a_lesion_draws_the_same_whatever_the_memory_held_before(name, thorax):
    first = draw(resolve_lesion(name), thorax, np.random.default_rng(2))
    assert isinstance(first, Drawing)
    for number in range(12):
        filled = [np.full(thorax.shape, number + 0.5, np.float32) for _ in range(8)]
        del filled
        again = draw(resolve_lesion(name), thorax, np.random.default_rng(2))
        assert isinstance(again, Drawing)
        assert (again.composite == first.composite).all()
        assert (again.mask == first.mask).all()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"name": "Nodule "}, "use a short lower-case name"),
        ({"size_mm": (9, 3)}, "needs 0 < smallest <= largest"),
        ({"strength": 1.5}, r"strength of nodule is 1.5; it must be in \[0, 1\]"),
        ({"texture_kept": -1}, "texture_kept of nodule is -1"),
        ({"margin_mm": -2}, "margin_mm of nodule is -2"),
    ],
)
def test_a_value_out_of_its_range_is_refused(change, message):
    with pytest.raises(SettingError, match=message):
        replace(resolve_lesion("nodule"), **change)


def test_parameters_must_be_plain_json():
    with pytest.raises(SettingError, match="parameters of prior 'lobulated' are not plain JSON"):
        Prior("lobulated", parameters={"lobulation": np.float32(0.1)})
