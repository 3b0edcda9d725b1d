"""The audits find planted shortcuts and nothing where there is nothing; idle shams are refused."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from medsynth_aug.evaluation.audit import Audit, artefact_audit, median_change, realism_audit
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet, image_set
from medsynth_aug.evaluation.matching import match
from medsynth_aug.evaluation.separability import separability
from medsynth_aug.types import BoolMap, ValueRange

SHAPE = (112, 120)
COUNT = 40

Edit = Callable[[np.ndarray, BoolMap], np.ndarray]


def film(seed: int, *, stratum: str = "A", label: str = "normal") -> EvaluationImage:
    """A film with the texture of one: smooth anatomy, oblique bands and grain, in 8 bits."""
    rng = np.random.default_rng(seed)
    smooth = cv2.resize(
        rng.normal(0, 1, (6, 6)).astype(np.float32), SHAPE[::-1], interpolation=cv2.INTER_CUBIC
    )
    rows = np.arange(SHAPE[0])[:, None] + rng.uniform(-0.2, 0.2) * np.arange(SHAPE[1])[None]
    bands = np.sin(rows / rng.uniform(3, 5))
    grain = cv2.GaussianBlur(rng.normal(0, 1, SHAPE).astype(np.float32), (0, 0), 0.7)
    grey = rng.uniform(100, 130) + 25 * smooth + 8 * bands + rng.uniform(6, 9) * grain
    pixels = torch.from_numpy(np.clip(np.round(grey), 0, 255).astype(np.uint8))[None]
    return EvaluationImage(
        name=str(seed), pixels=pixels, value_range=ValueRange(0, 255), label=label, patient=f"p{seed}",
        digest=f"real:{seed}", stratum=stratum,
    )  # fmt: skip


def region_of(seed: int) -> BoolMap:
    rng = np.random.default_rng((seed, 5))
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    row, column = rng.uniform(35, 75), rng.uniform(35, 85)
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 < rng.uniform(14, 20) ** 2)


def edited(one: EvaluationImage, edit: Edit) -> EvaluationImage:
    region = region_of(int(one.name))
    pixels = torch.from_numpy(edit(one.pixels[0].numpy().copy(), region))[None]
    return replace(
        one,
        name=f"{one.name}*",
        pixels=pixels,
        digest=f"sample:{one.name}",
        origin="sham",
        source=one.digest,
        edit_region=region,
        mask=np.zeros(SHAPE, bool),
    )


def decoded(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    """Blended from a plain decode: the fine texture is gone in the region."""
    return np.where(region, cv2.GaussianBlur(pixels, (0, 0), 1.0), pixels).astype(np.uint8)


def encoded_again(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], 0))


def tinted(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    return np.clip(np.round(1.02 * pixels.astype(float)), 0, 255).astype(np.uint8)


def interpolated(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5]], np.float32)
    return np.asarray(cv2.warpAffine(pixels, shift, SHAPE[::-1], borderMode=cv2.BORDER_REPLICATE))


def audit_of(edit: Edit, **settings: object) -> Audit:
    touched = [film(seed) for seed in range(COUNT)]
    sources = {one.digest: one for one in touched}
    shams = image_set("shams", [edited(one, edit) for one in touched])
    untouched = image_set("films", [film(seed) for seed in range(500, 500 + COUNT)])
    settings.setdefault("painted", shams)
    return artefact_audit(shams, untouched, sources=sources, progress=False, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("edit", "view"),
    [(encoded_again, "whole"), (tinted, "whole"), (interpolated, "whole"), (decoded, "inside")],
)
def test_a_planted_shortcut_is_caught(edit: Edit, view: str) -> None:
    audit = audit_of(edit)
    figure = {one.name: one for one in audit.figures}[f"AUC {view}"]
    assert figure.value is not None and figure.low is not None
    assert figure.value > 0.8 and figure.low > 0.5, str(figure)


def test_what_is_edited_inside_only_is_not_seen_outside() -> None:
    outside = {one.name: one for one in audit_of(decoded).figures}["AUC outside"]
    assert outside.low is not None and outside.high is not None and outside.low <= 0.5 <= outside.high


def test_films_of_one_kind_cannot_be_told_apart() -> None:
    real = image_set("real", [film(seed) for seed in range(COUNT)])
    other = image_set("other", [replace(film(seed), origin="painted") for seed in range(900, 900 + COUNT)])
    audit = realism_audit(other, real, lesion="nodule", region_of=lambda one: None, progress=False)
    assert [one.name for one in audit.figures] == ["AUC whole"]
    assert "whole image only" in audit.notes[-1]
    low, high = audit.figures[0].low, audit.figures[0].high
    assert low is not None and high is not None and low <= 0.5 <= high


def test_the_interval_covers_chance_where_there_is_nothing_to_find() -> None:
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((80, 12)).astype(np.float32)
        figure = separability(x, [True] * 40 + [False] * 40, [str(n) for n in range(80)], seed=seed)
        held += bool(figure.low is not None and figure.high is not None and figure.low <= 0.5 <= figure.high)
    assert held >= 18


def test_a_confounder_that_is_matched_does_not_count() -> None:
    rng = np.random.default_rng(0)
    strata = ["PA" if flag else "AP" for flag in np.r_[np.arange(60) < 48, np.arange(60) < 12]]
    x = rng.standard_normal((120, 6)).astype(np.float32)
    x[:, 0] += 3 * np.array([one == "PA" for one in strata])
    truth, patients = [True] * 60 + [False] * 60, [str(n) for n in range(120)]
    open_, matched = (separability(x, truth, patients, strata=given) for given in (None, strata))
    assert open_.value is not None and open_.value > 0.7
    assert matched.low is not None and matched.low <= 0.5


def test_a_patient_is_never_on_both_sides_of_a_fold() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(rng.standard_normal((40, 60)), 3, axis=0)
    truth = np.repeat(rng.permutation(np.arange(40) % 2 == 0), 3)
    x = (person + 0.01 * rng.standard_normal(person.shape)).astype(np.float32)
    patients = [str(number // 3) for number in range(120)]
    grouped = separability(x, truth.tolist(), patients)
    leaking = separability(x, truth.tolist(), [str(number) for number in range(120)])
    assert grouped.value is not None and leaking.value is not None
    assert leaking.value > 0.9 and grouped.value < 0.75


def test_shams_that_change_nothing_are_refused() -> None:
    audit = audit_of(lambda pixels, region: pixels)
    assert not audit.ran and "prove nothing" in audit.reason and audit.passed is None


def test_shams_that_change_half_as_little_as_lesions_are_refused() -> None:
    lesions = image_set(
        "painted",
        [
            edited(film(seed), lambda pixels, region: np.where(region, pixels // 2, pixels).astype(np.uint8))
            for seed in range(COUNT)
        ],
    )
    audit = audit_of(decoded, painted=lesions)
    assert "that of lesions" in audit.reason and audit.changes["shams"] < 0.5 * audit.changes["lesions"]


def test_no_shams_say_how_to_make_them() -> None:
    films = image_set("films", [film(0)])
    audit = artefact_audit(ImageSet("shams", ()), films, painted=films, sources={}, progress=False)
    assert "--shams N" in audit.reason


def test_few_images_are_refused() -> None:
    few = image_set("few", [film(seed) for seed in range(5)])
    audit = realism_audit(few, few, lesion="nodule", region_of=lambda one: None, progress=False)
    assert not audit.ran and "needs at least 20 images a side" in audit.reason


def test_a_gate_fails_above_its_limit_and_passes_below() -> None:
    assert audit_of(decoded, fail_above=0.6).passed is False
    assert audit_of(decoded, fail_above=1.0).passed is True


def test_the_round_trip_stands_beside_the_figures() -> None:
    audit = audit_of(decoded, round_trip=lambda one: cv2.GaussianBlur(one.grey, (0, 0), 1.0))
    names = [one.name for one in audit.reference]
    assert names == ["AUC whole, VAE round trip", "AUC inside, VAE round trip"]
    assert audit.reference[0].value is not None and audit.reference[0].value > 0.9


def test_the_change_of_an_edit_is_that_of_its_region() -> None:
    one = film(0)
    painted = edited(one, lambda pixels, region: np.where(region, 255 - pixels, pixels).astype(np.uint8))
    change = median_change(image_set("x", [painted]), {one.digest: one})
    assert change == pytest.approx(float(np.median(np.abs(1 - 2 * one.grey)[region_of(0)])), abs=1e-6)
    assert median_change(image_set("x", [painted]), {}) is None


def test_strata_are_matched_by_equal_numbers_and_new_patients_first() -> None:
    first = image_set("a", [film(n, stratum="PA" if n < 6 else "AP") for n in range(10)])
    second = image_set("b", [film(100 + n, stratum="PA" if n < 3 else "X") for n in range(9)])
    twice = image_set("b", [*second, *(replace(one, digest=one.digest + "b") for one in second)])
    pairs = match(first, twice)
    assert len(pairs.first) == len(pairs.second) == 6 and pairs.left_out == 10 + 18 - 12
    assert {one.stratum for one in pairs.first} == {"PA"}
    assert len(set(match(first, twice, most=3).second.patients)) == 3
