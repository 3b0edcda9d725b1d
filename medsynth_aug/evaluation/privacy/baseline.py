"""How near real films come to training films of other patients: what a synthetic image is held against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.evaluation.images import ImageSet
from medsynth_aug.evaluation.privacy.nearest import (
    Nearest,
    Segment,
    nearest_by_pixels,
    patches_of,
    patches_of_thumbnails,
)

if TYPE_CHECKING:
    from medsynth_aug.diffusion.training_index import TrainingIndex

SAME_FILM = 0.015
"""A real film this near to a training film *is* that film under another name, and is left out.

Measured with the shipped index: of 600 near-copies (crops of 85 to 95 %, mirrored, gamma 0.6 to 1.6, JPEG of
quality 40, and all at once) 599 lie below 0.013; of 400 films that were not trained on, none below 0.020."""

MOST_ROWS = 400
"""Training films that stand for real ones where there are too few of those."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Real films and their nearest training films of other patients.

    Args:
        name: What they are called where n is told.
        nearest: By aligned pixels.
        patients: Whose each film is.
        allowed: `(M, N)` bool, which training film counts for which.
        images: The films; None where they are training films themselves.
        rows: Which training films they are; empty where they are not.
        left_out: Real films that were trained on under another name.
    """

    name: str
    nearest: Nearest
    patients: tuple[str, ...]
    allowed: NDArray[np.bool_]
    images: ImageSet | None = None
    rows: tuple[int, ...] = ()
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.patients)


def group_hashes(index: "TrainingIndex") -> NDArray[np.str_]:
    """Whose each training film is; every film is its own where the index does not say."""
    count = len(index.thumbnails)
    known = index.rows if len(index.rows) == count else [f"film {number}" for number in range(count)]
    return np.asarray(known, str)


def films_of_others(patients: Sequence[str], index: "TrainingIndex") -> NDArray[np.bool_]:
    """`(M, N)` bool, which training films are of other patients, as far as the index says."""
    from medsynth_aug.diffusion.training_index import hash_patient

    own = np.asarray([hash_patient(one) for one in patients], str).reshape(-1, 1)
    return group_hashes(index)[None] != own


def is_listed(patients: Sequence[str], index: "TrainingIndex") -> NDArray[np.bool_]:
    """`(M,)` bool, whether the index says which films are this patient's."""
    return np.asarray(~films_of_others(patients, index).all(1))


def baseline_of_images(
    real: ImageSet, index: "TrainingIndex", segment: Segment, *, progress: bool
) -> Baseline:
    """Real films against training films of other patients.

    Left out are those of trained-on patients whose films the index does not name, and those that are a
    training film themselves.
    """
    listed = is_listed(real.patients, index)
    usable = [one for one, known in zip(real, listed) if known or not index.saw_patient(one.patient)]
    films = replace(real, images=tuple(usable))
    allowed = films_of_others(films.patients, index)
    found = nearest_by_pixels(
        patches_of(films, segment, progress=progress), index.thumbnails.numpy(), allowed
    )
    keep = np.flatnonzero(found.distance >= SAME_FILM)
    kept = replace(films, images=tuple(films.images[at] for at in keep))
    return Baseline(
        name=real.name, nearest=_of(found, keep), patients=kept.patients, allowed=allowed[keep], images=kept,
        left_out=len(real) - len(kept),
    )  # fmt: skip


@lru_cache(maxsize=2)
def baseline_of_rows(index: "TrainingIndex", *, seed: int) -> Baseline:
    """Training films against those of other patients, leaving out doubles; slow, so it is kept an index."""
    groups, count = group_hashes(index), len(index.thumbnails)
    order = np.random.default_rng(seed).permutation(count)
    rows = np.sort(order[:MOST_ROWS])
    allowed = groups[rows][:, None] != groups[None]
    films = index.thumbnails.numpy()
    found = nearest_by_pixels(patches_of_thumbnails(films[rows]), films, allowed)
    keep = np.flatnonzero(found.distance >= SAME_FILM)
    return Baseline(
        name="training films", nearest=_of(found, keep), patients=tuple(groups[rows[keep]].tolist()),
        allowed=allowed[keep], rows=tuple(rows[keep].tolist()), left_out=len(rows) - len(keep),
    )  # fmt: skip


def _of(found: Nearest, keep: NDArray[np.int64]) -> Nearest:
    return Nearest(
        found.distance[keep], found.row[keep], tuple(found.alike[at] for at in keep), found.thumbnails[keep]
    )
