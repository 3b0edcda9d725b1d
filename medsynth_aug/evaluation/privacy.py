"""Is it private: how near synthetic images come to the films that their checkpoint was trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.diffusion.training_index import TrainingIndex, hash_patient
from medsynth_aug.evaluation.figures import Figure, patient_weights, percentile_interval, refusal
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.thumbnails import Vectors, directions, variants
from medsynth_aug.types import Grey

PIXELS, ENCODER = "aligned pixels", "encoder features"
FALSE_ALARM_PERCENT = 1.0
"""Share of real films of other patients that the threshold of one space would call a copy."""

FEWEST = 50
"""Real films that are needed for a threshold."""

SHOWN = 8

Distances = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """A synthetic image and the training film that is nearest to it.

    Args:
        name: The synthetic image.
        space: What was compared.
        distance: From 0, the same, to 2.
        threshold: Below it the image is called a copy.
        ours: `(32, 32)` uint8 thumbnail of the synthetic image.
        theirs: `(32, 32)` uint8 thumbnail of the training film.
    """

    name: str
    space: str
    distance: float
    threshold: float
    ours: NDArray[np.uint8]
    theirs: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyReport:
    """What the privacy check found.

    Args:
        ran: Whether anything was measured.
        reason: Why not; or what was left out.
        figures: Median nearest distances, and the share that is called a copy, synthetic and real.
        pairs: The nearest pairs.
        copies: Names of the images that are called copies.
        rows: One an image: `name`, and a distance for each space.
    """

    ran: bool
    reason: str = ""
    figures: tuple[Figure, ...] = ()
    pairs: tuple[Nearest, ...] = ()
    copies: tuple[str, ...] = ()
    rows: tuple[dict[str, float | str], ...] = ()


def privacy(
    synthetic: ImageSet,
    real: ImageSet,
    *,
    index: TrainingIndex | None,
    features: Callable[[ImageSet], Vectors],
    encoder: str,
    segment: Callable[[Grey], Tensor] = segment_lungs,
    seed: int = 0,
    progress: bool = True,
) -> PrivacyReport:
    """Distance to the nearest training film, against that of real films of patients that were not trained on.

    Two spaces: 1 - cosine of encoder features, upright and mirrored; 1 - correlation of 32 x 32 thumbnails
    aligned to the lungs, over sizes, places and mirroring, so that crops, flips, exposure and other codecs do
    not hide a copy. An image is called a copy if it is nearer in either space than 99 % of real films are.

    Args:
        synthetic: What is checked; films of a painted image's own patient do not count.
        real: Films for the threshold; those of patients that were trained on are left out.
        index: What the checkpoint was trained on.
        features: Features of images, by the extractor.
        encoder: Digest of that extractor; features of the index by another one are not compared.
        segment: Gives `(2, H, W)` bool lung fields.
        seed: Seeds the intervals.
        progress: Show progress bars.
    """
    if index is None:
        reason = "the checkpoint carries no training index, so nobody can say what it was trained on"
        return PrivacyReport(ran=False, reason=reason)
    strangers = real.where(lambda one: not index.saw_patient(one.patient))
    if len(strangers) < FEWEST:
        reason = f"{len(strangers)} real films of patients that were not trained on; {FEWEST} are needed"
        return PrivacyReport(ran=False, reason=reason)
    allowed = _allowed(synthetic, index), np.ones((len(strangers), len(index.thumbnails)), bool)
    found = {PIXELS: tuple(
        _by_pixels(side, index, segment, may, progress) for side, may in zip((synthetic, strangers), allowed)
    )}  # fmt: skip
    left_out = ""
    if index.features is not None and index.encoder == encoder:
        held = index.features.float().numpy()
        centre = held.mean(0)
        theirs = _unit(held, centre)
        found[ENCODER] = tuple(
            _nearest(_unit(features(side), centre) @ theirs.T, may)
            for side, may in zip((synthetic, strangers), allowed)
        )
    else:
        left_out = "encoder features not compared: the index was written with another extractor"
    return _report(synthetic, strangers, index, found, left_out, seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Nearest training film of each image."""

    distance: Distances
    row: NDArray[np.int64]


def _report(
    synthetic: ImageSet, strangers: ImageSet, index: TrainingIndex, found: dict[str, tuple[_Found, ...]],
    left_out: str, seed: int,
) -> PrivacyReport:  # fmt: skip
    limits = {
        space: float(np.percentile(far.distance, FALSE_ALARM_PERCENT)) for space, (_, far) in found.items()
    }
    figures: list[Figure] = []
    called = [np.zeros(len(side), bool) for side in (synthetic, strangers)]
    for space, sides in found.items():
        for number, (images, one) in enumerate(zip((synthetic, strangers), sides)):
            called[number] |= one.distance < limits[space]
            kind = "" if number == 0 else ", real to training"
            figures.append(_median(f"median nearest distance, {space}{kind}", one.distance, images, seed))
    for number, (images, kind) in enumerate(((synthetic, ""), (strangers, ", real to training"))):
        figures.append(_share(f"share called a copy{kind}", called[number], images, seed))
    pairs = [
        Nearest(
            synthetic.images[at].name, space, float(one.distance[at]), limits[space],
            _thumbnail(synthetic.images[at]), index.thumbnails[int(one.row[at])].numpy(),
        )
        for space, (one, _) in found.items()
        for at in np.argsort(one.distance)[:SHOWN]
    ]  # fmt: skip
    rows: list[dict[str, float | str]] = [
        {"name": image.name, **{space: float(sides[0].distance[at]) for space, sides in found.items()}}
        for at, image in enumerate(synthetic)
    ]
    copies = tuple(image.name for image, copy in zip(synthetic, called[0]) if copy)
    return PrivacyReport(
        ran=True, reason=left_out, figures=tuple(figures), pairs=tuple(pairs), copies=copies, rows=tuple(rows)
    )


def _allowed(images: ImageSet, index: TrainingIndex) -> NDArray[np.bool_]:
    """`(M, N)` bool: which training films count for an image; those of a painted one's own patient do not."""
    if len(index.rows) != len(index.thumbnails):
        return np.ones((len(images), len(index.thumbnails)), bool)
    rows = np.asarray(index.rows)
    own = np.asarray([hash_patient(one.patient) if one.source is not None else "" for one in images])
    return np.asarray(rows[None] != own[:, None])


def _by_pixels(
    images: ImageSet,
    index: TrainingIndex,
    segment: Callable[[Grey], Tensor],
    may: NDArray[np.bool_],
    progress: bool,
) -> _Found:
    theirs = directions(index.thumbnails.numpy())
    closest = np.empty((len(images), len(theirs)), np.float32)
    shown = tqdm(images, desc=f"Nearest films ({images.name})", unit="image", disable=not progress)
    for at, one in enumerate(shown):
        grey = one.grey
        closest[at] = (directions(variants(grey, segment(grey).numpy())) @ theirs.T).max(0)
    return _nearest(closest, may)


def _nearest(likeness: Vectors, may: NDArray[np.bool_]) -> _Found:
    held = np.where(may, likeness, -np.inf)
    row = held.argmax(1)
    return _Found(1 - held[np.arange(len(held)), row].astype(float), row)


def _unit(features: Vectors, centre: Vectors) -> Vectors:
    features = features - centre
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)


def _thumbnail(one: EvaluationImage) -> NDArray[np.uint8]:
    """The unmoved variant: the plain thumbnail of the box round the lungs."""
    grey = one.grey
    return np.asarray(variants(grey, segment_lungs(grey).numpy())[13])


def _median(name: str, distances: Distances, images: ImageSet, seed: int) -> Figure:
    """The median with its interval over patients."""
    n = {images.name: len(images)}
    if not len(images):
        return refusal(name, "there are no images", n=n)
    weights = patient_weights(images.patients, np.random.default_rng(seed), resamples=500)
    drawn = [float(np.median(np.repeat(distances, one))) for one in weights if one.sum()]
    low, high = percentile_interval(drawn)
    return Figure(name=name, value=float(np.median(distances)), low=low, high=high, n=n)


def _share(name: str, called: NDArray[np.bool_], images: ImageSet, seed: int) -> Figure:
    n = {images.name: len(images)}
    if not len(images):
        return refusal(name, "there are no images", n=n)
    weights = patient_weights(images.patients, np.random.default_rng(seed))
    low, high = percentile_interval(weights @ called / np.maximum(weights.sum(1), 1))
    return Figure(name=name, value=float(called.mean()), low=low, high=high, n=n)
