"""The audits find planted shortcuts and nothing where there is nothing; idle shams are refused."""

from dataclasses import replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.audits.audit import (
    Audit,
    artefact_audit,
    median_change,
    realism_audit,
    sham_change,
)
from medsynth_aug.evaluation.audits.round_trips import decoded as after_round_trip
from medsynth_aug.evaluation.audits.round_trips import pasted
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet, image_set
from medsynth_aug.types import BoolMap
from tests.evaluation.phantoms import (
    SHAPE,
    Edit,
    decoded,
    edited,
    encoded_again,
    film,
    films,
    lifted,
    region_of,
    resampled,
    shifted,
    stretched,
)

COUNT = 50


def audit_of(edit: Edit, *, count: int = COUNT, **settings: Any) -> Audit:
    touched = films(0, count)
    shams = image_set("shams", [edited(one, edit) for one in touched])
    settings = {"painted": None, "sources": {one.digest: one for one in touched}, **settings}
    return artefact_audit(shams, films(500, count), lungs=None, progress=False, **settings)


@cache
def audit_of_a_plain_decode() -> Audit:
    return audit_of(decoded, round_trip=lambda one: cv2.GaussianBlur(one.grey, (0, 0), 1.0), fail_above=0.6)


def named(audit: Audit) -> dict[str, Figure]:
    return {one.name: one for one in (*audit.figures, *audit.reference)}


def is_caught(figure: Figure) -> bool:
    return figure.value is not None and figure.low is not None and figure.value > 0.75 and figure.low > 0.5


def holds_chance(figure: Figure) -> bool:
    return figure.low is not None and figure.high is not None and figure.low <= 0.5 <= figure.high


def realism(synthetic: ImageSet, real: ImageSet, **settings: Any) -> Audit:
    settings = {"region_of": lambda one: one.mask, "progress": False, **settings}
    return realism_audit(synthetic, real, lesion="nodule", **settings)


@pytest.mark.parametrize("edit", [encoded_again, lifted, stretched, shifted, resampled])
def test_a_planted_shortcut_is_caught_in_the_positives(edit: Edit) -> None:
    synthetic = image_set("synthetic", [edited(one, edit) for one in films(0, COUNT)])
    audit = realism(synthetic, films(500, COUNT), region_of=lambda one: None, fail_above=0.6)
    assert is_caught(audit.figures[0]), str(audit.figures[0])
    assert audit.passed is False


def test_a_sham_blended_from_a_plain_decode_is_caught_inside_and_only_there() -> None:
    found = named(audit_of_a_plain_decode())
    assert is_caught(found["AUC inside"]) and found["AUC inside"].value > 0.95  # type: ignore[operator]
    assert holds_chance(found["AUC outside"])


def test_a_region_that_is_planned_for_its_own_film_gives_nothing_away() -> None:
    """The shams lie in the darkest spot of each film, which no region of another film would hit."""

    def darkest(one: EvaluationImage) -> BoolMap:
        calm = cv2.GaussianBlur(one.grey, (0, 0), 8)[30:80, 30:80]
        row, column = np.add(np.unravel_index(int(calm.argmin()), calm.shape), 30)
        rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
        return np.asarray((rows - row) ** 2 + (columns - column) ** 2 < 150)

    def shams(count: int) -> ImageSet:
        changed = [replace(edited(one, stretched), edit_region=darkest(one)) for one in films(0, count)]
        return image_set("shams", changed)

    sources = {one.digest: one for one in films(0, COUNT)}
    settings: dict[str, Any] = {"painted": None, "sources": sources, "lungs": None, "progress": False}
    own = artefact_audit(shams(COUNT), films(500, COUNT), **settings)
    assert holds_chance(named(own)["AUC inside, nothing edited"])
    assert "the sources of the other half" in own.notes[-1]
    lent = artefact_audit(shams(39), films(500, 39), **settings)
    assert is_caught(named(lent)["AUC inside, nothing edited"])


def test_a_re_encoded_sham_is_caught_everywhere() -> None:
    found = named(audit_of(encoded_again))
    assert all(is_caught(found[f"AUC {view}"]) for view in ("whole", "inside", "outside"))


def test_the_references_stand_beside_the_figures() -> None:
    found = named(audit_of_a_plain_decode())
    assert [one.name for one in audit_of_a_plain_decode().reference] == [
        "AUC inside, nothing edited",
        "AUC whole, VAE round trip",
        "AUC inside, VAE round trip",
    ]
    assert holds_chance(found["AUC inside, nothing edited"])
    assert is_caught(found["AUC whole, VAE round trip"]) and is_caught(found["AUC inside, VAE round trip"])


def test_a_round_trip_keeps_the_pixel_type_and_is_pasted_into_the_region_only() -> None:
    for dtype in (torch.uint8, torch.uint16, torch.float32):
        one = replace(film(0), pixels=film(0).pixels.to(dtype))
        after = after_round_trip(one, lambda same: same.grey)
        assert after.pixels.dtype == dtype and after.digest != one.digest
        assert float((after.grey - one.grey).__abs__().max()) < 1e-6
        dark = after_round_trip(one, lambda same: np.zeros_like(same.grey))
        held = pasted(one, dark, region_of(0)).grey
        assert (held[region_of(0)] == 0).all() and (held == one.grey)[~region_of(0)].all()


def test_films_of_one_kind_cannot_be_told_apart() -> None:
    def masked(one: EvaluationImage) -> EvaluationImage:
        return replace(one, mask=region_of(int(one.name)))

    sides = [image_set("x", [masked(one) for one in films(first, COUNT)]) for first in (0, 900)]
    audit = realism(*sides, fail_above=0.7)
    assert [one.name for one in audit.figures] == ["AUC whole", "AUC inside", "AUC outside"]
    assert all(holds_chance(one) for one in audit.figures) and audit.passed is True


def test_where_no_real_positive_says_where_its_lesion_is_only_the_whole_image_counts() -> None:
    painted = image_set("painted", [replace(one, mask=region_of(1)) for one in films(0, 20)])
    audit = realism(painted, films(900, 20))
    assert [one.name for one in audit.figures] == ["AUC whole"]
    assert "whole image only" in audit.notes[-1]


def test_a_view_that_is_commoner_among_the_shams_does_not_count() -> None:
    """Lateral films are brighter, and four in five shams are lateral."""

    def seen(one: EvaluationImage, lateral: bool) -> EvaluationImage:
        pixels = (one.pixels.float() + 50 * lateral).clamp(0, 255).to(torch.uint8)
        return replace(one, pixels=pixels, stratum="lateral" if lateral else "PA")

    first = image_set("a", [seen(one, n % 5 != 0) for n, one in enumerate(films(0, 60))])
    second = image_set("b", [seen(one, n % 5 == 0) for n, one in enumerate(films(900, 60))])
    matched = realism(first, second, region_of=lambda one: None)
    blind = [image_set("x", [replace(one, stratum="") for one in side]) for side in (first, second)]
    assert is_caught(realism(*blind, region_of=lambda one: None).figures[0])
    assert matched.left_out == 72 and matched.figures[0].n == {"synthetic": 24, "real": 24}
    assert holds_chance(matched.figures[0])


def test_shams_that_change_nothing_are_refused_and_no_gate_lets_them_through() -> None:
    audit = audit_of(lambda pixels, region: pixels, count=3, fail_above=0.9)
    assert not audit.ran and "change nothing" in audit.reason and audit.passed is False
    assert not audit.figures


def test_shams_that_change_less_than_half_as_much_as_lesions_are_refused() -> None:
    def painted(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
        return np.where(region, pixels // 2, pixels).astype(np.uint8)

    lesions = image_set("painted", [edited(one, painted) for one in films(0, COUNT)])
    audit = audit_of(decoded, painted=lesions)
    assert "that of lesions" in audit.reason and audit.passed is None
    assert 0 < audit.changes["shams"] < 0.5 * audit.changes["lesions"]


def test_shams_without_a_known_source_are_refused() -> None:
    assert "no source of a sham was found" in audit_of(decoded, count=3, sources={}).reason


def test_no_shams_say_how_to_make_them() -> None:
    audit = artefact_audit(ImageSet("shams", ()), films(0, 1), painted=None, sources={}, progress=False)
    assert "--shams N" in audit.reason and audit.passed is None


def test_few_images_are_refused() -> None:
    audit = realism(films(0, 5), films(500, 5), fail_above=0.6)
    assert not audit.ran and "needs at least 20 images a side" in audit.reason and audit.passed is None


def test_a_gate_fails_above_its_limit_and_passes_at_it() -> None:
    assert audit_of_a_plain_decode().passed is False
    assert audit_of(decoded, count=24, fail_above=1.0).passed is True
    with pytest.raises(SettingError, match=r"fail_above is 1.5; an AUC is in \[0, 1\]"):
        audit_of(decoded, fail_above=1.5)


def test_the_change_of_an_edit_is_that_of_its_region() -> None:
    one = film(0)
    painted = edited(one, lambda pixels, region: np.where(region, 255 - pixels, pixels).astype(np.uint8))
    expected = float(np.median(np.abs(1 - 2 * one.grey)[region_of(0)]))
    assert sham_change(painted, one) == pytest.approx(expected, abs=1e-6)
    assert median_change(image_set("x", [painted]), {one.digest: one}) == pytest.approx(expected, abs=1e-6)
    assert median_change(image_set("x", [painted]), {}) is None
    assert sham_change(replace(painted, edit_region=np.zeros(SHAPE, bool)), one) == 0
