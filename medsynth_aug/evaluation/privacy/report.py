"""What the privacy check found: figures beside those of real films, the nearest pairs, and what is a copy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.images import ImageSet
from medsynth_aug.evaluation.privacy.copies import (
    Measured,
    copy_threshold,
    false_alarms,
    median_figure,
    share_figure,
)
from medsynth_aug.evaluation.privacy.nearest import Nearest

PIXELS, ENCODER, EDITS = "aligned pixels", "encoder features", "edit region"
TO_TRAINING = ", real to training"

SHOWN = 6
"""Nearest pairs a space."""

CALLS = (PIXELS, EDITS)
"""Spaces whose threshold calls a copy.

The encoder's is only told. Measured with the shipped index and encoder, 100 near-copies of each kind, both
thresholds at 1 % of 200 films that were not trained on: the encoder finds exact, mirrored and re-encoded
copies, but no crop and 1 % of those with another gamma; lined-up pixels find 99 % of crops, all of the other
four kinds, and 98 % after a turn of 3 degrees (90 % at 5). Calling by both would add alarms and no copy."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """A synthetic image and what is nearest to it in the training data.

    Args:
        name: The synthetic image.
        film: The training film by its place in the index, or the training positive by its name.
        space: What was compared.
        distance: From 0, the same, to 2.
        threshold: Below it the pair would be called a copy by this space.
        ours: `(32, 32)` uint8 of the synthetic image; where pixels are compared, lined up with the other.
        theirs: `(32, 32)` uint8 of the training film.
    """

    name: str
    film: str
    space: str
    distance: float
    threshold: float
    ours: NDArray[np.uint8]
    theirs: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrivacyReport:
    """What the privacy check found.

    Args:
        ran: Whether anything was measured.
        reason: Why not; or what was left out.
        figures: Median nearest distances and shares called a copy; those of real films beside them have
            ", real to training" in their name.
        pairs: The nearest pairs of each space, nearest first.
        copies: Names of the images that are called copies.
        thresholds: Space -> distance below which 1 % of real films of other patients lie.
        rows: One an image: `name`, and its distance in each space, NaN where it has none.
    """

    ran: bool
    reason: str = ""
    figures: tuple[Figure, ...] = ()
    pairs: tuple[Pair, ...] = ()
    copies: tuple[str, ...] = ()
    thresholds: dict[str, float] = field(default_factory=dict)
    rows: tuple[dict[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One space: synthetic images with what is nearest to them, beside real ones.

    Args:
        space: What was compared.
        images: The synthetic images.
        nearest: What is nearest to each.
        real: Real images' nearest distances.
        films: `(N, 32, 32)` uint8, what they were compared with.
        film_name: Name of one of these by its place.
    """

    space: str
    images: ImageSet
    nearest: Nearest
    real: Measured
    films: NDArray[np.uint8]
    film_name: Callable[[int], str]


def report_of(
    synthetic: ImageSet, spaces: Sequence[Compared], refused: Sequence[Figure], reason: str, *, seed: int
) -> PrivacyReport:
    """The report on some images.

    Args:
        synthetic: All of them.
        spaces: What was compared, each for all or some of the images.
        refused: Figures that were not measured.
        reason: What was left out.
        seed: Seeds the intervals.
    """
    limits = {one.space: copy_threshold(one.real.distances) for one in spaces}
    figures: list[Figure] = []
    pairs: list[Pair] = []
    values: dict[str, dict[str, float]] = {one.name: {} for one in synthetic}
    called: set[str] = set()
    for one in spaces:
        limit, distance = limits[one.space], one.nearest.distance
        note = f"a copy is nearer than {limit:.4f}"
        ours = Measured(synthetic.name, distance, one.images.patients)
        name = f"median nearest distance, {one.space}"
        figures.append(median_figure(name, ours, seed=seed, note=note))
        figures.append(median_figure(name + TO_TRAINING, one.real, seed=seed))
        if one.space in CALLS:
            figures += _shares(one, ours, limit, seed)
            called |= {image.name for image, far in zip(one.images, distance) if far < limit}
        order = [int(at) for at in np.argsort(distance) if np.isfinite(distance[at])][:SHOWN]
        pairs += [
            Pair(
                name=one.images.images[at].name,
                film=one.film_name(int(one.nearest.row[at])),
                space=one.space,
                distance=float(distance[at]),
                threshold=limit,
                ours=one.nearest.thumbnails[at],
                theirs=one.films[int(one.nearest.row[at])],
            )
            for at in order
        ]
        for image, far in zip(one.images, distance):
            values[image.name][one.space] = float(far)
    rows: list[dict[str, float | str]] = [
        {"name": one.name, **{space: values[one.name].get(space, float("nan")) for space in limits}}
        for one in synthetic
    ]
    return PrivacyReport(
        ran=True,
        reason=reason,
        figures=(*figures, *refused),
        pairs=tuple(pairs),
        copies=tuple(one.name for one in synthetic if one.name in called),
        thresholds=limits,
        rows=tuple(rows),
    )


def _shares(one: Compared, ours: Measured, limit: float, seed: int) -> list[Figure]:
    """Share of the images, and of real films by the threshold of others, that are called copies."""
    name = f"share called a copy, {one.space}"
    known, real = ours.known(), one.real
    return [
        share_figure(name, known.distances < limit, known.patients, images=known.name, seed=seed),
        share_figure(
            name + TO_TRAINING, false_alarms(real, seed=seed), real.patients, images=real.name, seed=seed,
            note="false alarms, each film judged by a threshold from other patients",
        ),
    ]  # fmt: skip
