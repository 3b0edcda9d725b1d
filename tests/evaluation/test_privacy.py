"""A planted copy of a training film is found however it was disguised, and other films are not called one."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.diffusion.training_index import TrainingIndex, build_index, hash_patient
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet, Origin, image_set
from medsynth_aug.evaluation.privacy.check import PrivacyReport, privacy
from medsynth_aug.evaluation.privacy.copies import Measured, copy_threshold, false_alarms, share_figure
from medsynth_aug.types import Grey, ValueRange

SHAPE = (112, 120)
TRAINED, STRANGERS = 60, 50
LUNGS = schematic_lungs(SHAPE)


@cache
def drawn(seed: int) -> np.ndarray:
    """A thorax whose organs, ribs and exposure differ from seed to seed, uint8."""
    rng = np.random.default_rng(seed)
    coarse, fine = (
        cv2.resize(rng.normal(0, 1, (n, n)).astype(np.float32), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
        for n in (6, 12)
    )
    grey = 150 - 60 * LUNGS.any(0).numpy() + 16 * coarse + 12 * fine + rng.normal(0, 2, SHAPE)
    return np.clip(np.round(grey), 0, 255).astype(np.uint8)


def segment(grey: Grey) -> torch.Tensor:
    """The drawn lungs, wherever a crop has left their place unchanged; tests crop without a segmenter."""
    rows, columns = (np.linspace(0, size - 1, there).round() for size, there in zip(SHAPE, grey.shape))
    return LUNGS[:, rows.astype(int)][:, :, columns.astype(int)]


def film(pixels: np.ndarray, name: str, *, origin: Origin = "real", patient: str = "") -> EvaluationImage:
    return EvaluationImage(
        name=name, pixels=torch.from_numpy(np.ascontiguousarray(pixels))[None],
        value_range=ValueRange(0, 255), label="normal", patient=patient or name, digest=f"real:{name}",
        origin=origin,
    )  # fmt: skip


def features(images: ImageSet) -> np.ndarray:
    """Mean grey in 8 x 8 blocks."""
    return np.stack([cv2.resize(one.grey, (8, 8), interpolation=cv2.INTER_AREA).ravel() for one in images])


@cache
def index() -> TrainingIndex:
    """Sixty films of sixty patients."""
    pixels = [drawn(seed) for seed in range(TRAINED)]
    names = [f"trained-{seed}" for seed in range(TRAINED)]
    seen = features(image_set("trained", [film(one, name) for one, name in zip(pixels, names)]))
    lungs = [LUNGS.numpy()] * TRAINED
    return build_index(names, pixels, lungs, groups=names, features=seen, encoder="blocks")


@cache
def strangers() -> ImageSet:
    return image_set("strangers", [film(drawn(1000 + seed), f"stranger-{seed}") for seed in range(STRANGERS)])


def checked(*images: EvaluationImage, **settings: object) -> PrivacyReport:
    known: dict[str, object] = {"index": index(), "features": features, "encoder": "blocks"}
    real = settings.pop("real", strangers())
    return privacy(
        image_set("synthetic", images), real, segment=segment, progress=False, **{**known, **settings}
    )  # type: ignore[arg-type]


def cropped(pixels: np.ndarray) -> np.ndarray:
    height, width = (round(0.9 * side) for side in pixels.shape)
    return pixels[5 : 5 + height, 7 : 7 + width]


def turned(pixels: np.ndarray) -> np.ndarray:
    turn = cv2.getRotationMatrix2D((SHAPE[1] / 2, SHAPE[0] / 2), 3, 1)
    return np.asarray(cv2.warpAffine(pixels, turn, SHAPE[::-1], borderMode=cv2.BORDER_REPLICATE))


def brighter(pixels: np.ndarray) -> np.ndarray:
    return np.clip(30 + 0.8 * 255 * (pixels / 255.0) ** 1.4, 0, 255).astype(np.uint8)


def encoded_again(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 0))


DISGUISES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exact": lambda pixels: pixels,
    "crop": cropped,
    "flip": lambda pixels: pixels[:, ::-1],
    "brightness": brighter,
    "codec": encoded_again,
    "turn": turned,
    "all": lambda pixels: encoded_again(brighter(cropped(pixels[:, ::-1]))),
}


@pytest.fixture(scope="module")
def report() -> PrivacyReport:
    """Copies of a few films in every disguise, and films of nobody in the training data."""
    copies = [
        film(change(drawn(seed)), f"{name}-{seed}", origin="virtual")
        for name, change in DISGUISES.items()
        for seed in range(3)
    ]
    fresh = [film(drawn(2000 + seed), f"fresh-{seed}", origin="virtual") for seed in range(20)]
    return checked(*copies, *fresh)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_planted_copy_is_found(report: PrivacyReport, disguise: str) -> None:
    assert {f"{disguise}-{seed}" for seed in range(3)} <= set(report.copies)


def test_films_of_nobody_are_hardly_called_copies(report: PrivacyReport) -> None:
    assert sum(name.startswith("fresh") for name in report.copies) <= 1


def test_the_worst_pairs_show_which_film_was_copied(report: PrivacyReport) -> None:
    pairs = [one for one in report.pairs if one.space == "aligned pixels"]
    assert [one.distance for one in pairs] == sorted(one.distance for one in pairs)
    for one in pairs:
        assert one.distance < one.threshold and one.film == f"training film {one.name.split('-')[1]}"
        assert one.ours.shape == one.theirs.shape == (32, 32) and one.ours.dtype == np.uint8


def test_every_image_has_a_distance_in_each_space(report: PrivacyReport) -> None:
    assert len(report.rows) == 3 * len(DISGUISES) + 20
    assert all({"name", "aligned pixels", "encoder features"} == set(one) for one in report.rows)
    exact = next(one for one in report.rows if one["name"] == "exact-0")
    assert exact["aligned pixels"] == pytest.approx(0, abs=1e-4)
    assert exact["encoder features"] == pytest.approx(0, abs=1e-3)


def test_figures_stand_beside_those_of_real_films(report: PrivacyReport) -> None:
    figures = {one.name: one for one in report.figures}
    for space in ("aligned pixels", "encoder features"):
        ours, real = (figures[f"median nearest distance, {space}{end}"] for end in ("", ", real to training"))
        assert ours.n == {"synthetic": len(report.rows)} and real.n == {"strangers": STRANGERS}
        assert ours.value < real.value and real.low <= real.value <= real.high  # type: ignore[operator]
    alarms = figures["share called a copy, aligned pixels, real to training"]
    assert alarms.value is not None and alarms.value <= 0.1 and alarms.high > alarms.value  # type: ignore[operator]


def test_without_an_index_it_did_not_run() -> None:
    report = checked(strangers().images[0], index=None)
    assert not report.ran and "carries no training index" in report.reason and not report.figures


def test_without_images_it_did_not_run() -> None:
    assert "no synthetic images" in checked().reason


def painted(seed: int, patient: str, **changes: object) -> EvaluationImage:
    """A lesion in a film that was trained on."""
    pixels, mask = drawn(seed).copy(), np.zeros(SHAPE, bool)
    mask[45:57, 30:42] = True
    pixels[mask] += 20
    one = film(pixels, f"painted-{seed}", origin="painted", patient=patient)
    return replace(one, source=f"real:trained-{seed}", mask=mask, edit_region=mask, **changes)  # type: ignore[arg-type]


def test_the_own_film_of_a_painted_image_does_not_count() -> None:
    report = checked(painted(0, "trained-0"))
    assert report.copies == () and report.pairs[0].film != "training film 0"


def test_the_own_film_under_another_name_is_known_by_its_source() -> None:
    source = film(drawn(0), "trained-0")
    assert checked(painted(0, "anonymous"), sources={source.digest: source}).copies == ()
    blind = checked(painted(0, "anonymous"))
    assert blind.copies == ("painted-0",) and "1 painted images without their source" in blind.reason


def test_another_film_in_a_painted_image_is_found() -> None:
    report = checked(painted(1, "trained-0"))
    assert report.copies == ("painted-1",) and report.pairs[0].film == "training film 1"


def test_an_image_whose_own_films_are_not_named_is_not_compared() -> None:
    older = replace(index(), rows=())
    assert hash_patient("trained-0") in older.patients
    report = checked(painted(0, "trained-0"), index=older)
    assert report.copies == () and np.isnan(float(report.rows[0]["aligned pixels"]))
    assert "1 painted images not compared" in report.reason


def test_training_films_stand_for_real_ones_where_those_are_few() -> None:
    report = checked(film(drawn(3), "copy", origin="virtual"), real=None)
    figures = {one.name: one for one in report.figures}
    beside = figures["median nearest distance, aligned pixels, real to training"]
    assert beside.n == {"training films": TRAINED} and report.copies == ("copy",)


def test_real_films_that_were_trained_on_do_not_set_the_threshold() -> None:
    doubles = [film(drawn(seed), f"double-{seed}") for seed in range(10)]
    mixed = image_set("mixed", [*strangers(), *doubles])
    report = checked(film(drawn(3), "copy", origin="virtual"), real=mixed)
    assert report.copies == ("copy",) and "10 films of mixed left out" in report.reason
    assert report.thresholds == checked(film(drawn(3), "copy", origin="virtual")).thresholds


def test_features_of_another_extractor_are_not_compared() -> None:
    report = checked(strangers().images[0], encoder="another")
    figure = next(one for one in report.figures if "encoder features" in one.name)
    assert figure.value is None and "another extractor" in figure.refused
    assert "encoder features" not in report.rows[0]


def with_box(seed: int, *, patient: str) -> EvaluationImage:
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, bool)
    row, column = rng.integers(20, 70, 2)
    mask[row : row + 25, column : column + 25] = True
    return replace(film(drawn(seed), f"positive-{seed}", patient=patient), mask=mask)


def test_a_lesion_that_was_pasted_from_a_training_positive_is_found() -> None:
    positives = image_set("positives", [with_box(seed, patient=f"p{seed}") for seed in range(3000, 3055)])
    given = positives.images[4]
    assert given.mask is not None
    rows, columns = np.nonzero(given.mask)
    pixels, mask = drawn(2001).copy(), np.zeros(SHAPE, bool)
    pixels[rows.min() - 8 : rows.max() + 9, columns.min() - 8 : columns.max() + 9] = given.pixels[
        0, rows.min() - 8 : rows.max() + 9, columns.min() - 8 : columns.max() + 9
    ].numpy()
    mask[given.mask] = True
    pasted = replace(
        film(pixels, "pasted", origin="painted", patient="someone"), mask=mask, edit_region=mask, source="x"
    )
    own = replace(pasted, name="own", patient="p3004")
    report = checked(pasted, own, positives=positives)
    pair = next(one for one in report.pairs if one.space == "edit region")
    assert report.copies == ("pasted",) and pair.film == "positive-3004"


def test_lesions_of_virtual_patients_are_compared_but_no_whole_canvas() -> None:
    positives = image_set("positives", [with_box(seed, patient=f"p{seed}") for seed in range(3000, 3055)])
    copied = replace(positives.images[4], name="copied", patient="vp", origin="virtual", source="sample:x")
    whole = replace(copied, name="whole", mask=np.ones(SHAPE, bool), source="none")
    report = checked(copied, whole, positives=positives)
    assert [one.name for one in report.pairs if one.space == "edit region"] == ["copied"]
    assert "copied" in report.copies
    figures = {one.name: one for one in checked(copied, whole).figures}
    assert "no positives of the training data" in figures["median nearest distance, edit region"].refused
    figures = {one.name: one for one in checked(whole, positives=positives).figures}
    assert figures["median nearest distance, edit region"].refused == "no image has a lesion with a mask"


def test_edits_are_not_compared_without_training_positives() -> None:
    figures = {one.name: one for one in checked(painted(0, "trained-0")).figures}
    assert "no positives" in figures["median nearest distance, edit region"].refused


def test_the_threshold_calls_one_in_a_hundred() -> None:
    rng = np.random.default_rng(0)
    real = Measured("real", rng.uniform(0.1, 1, 2000), [f"p{number}" for number in range(2000)])
    assert (real.distances < copy_threshold(real.distances)).mean() == pytest.approx(0.01, abs=0.001)
    assert false_alarms(real).mean() == pytest.approx(0.01, abs=0.005)


def test_none_among_few_is_not_none() -> None:
    figure = share_figure("share", np.zeros(20, bool), [f"p{number}" for number in range(20)], images="real")
    assert figure.value == 0 and figure.low == 0 and figure.high is not None and figure.high > 0.1
