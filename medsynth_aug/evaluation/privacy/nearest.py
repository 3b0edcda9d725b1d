"""The training film that is nearest to each image: by aligned pixels, and by an encoder's features."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.privacy.alignment import (
    IDENTITY,
    SIDE_PX,
    Floats,
    Patch,
    align,
    directions,
    patch_of,
    starts,
    thumbnails_of,
)
from medsynth_aug.types import BoolMap, Grey

CANDIDATES, FINALISTS = 96, 16
"""How many films are lined up for a few steps, and how many to the end."""

FIRST_STEPS, LAST_STEPS = 3, 6

Segment = Callable[[Grey], Tensor]
Both = tuple[Patch, Patch]


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The nearest film of each of M images.

    Args:
        distance: `(M,)`, 0 for the same and 2 for the opposite; NaN where no film may be compared.
        row: `(M,)` which film; -1 where none.
        alike: Films at which an image was looked at closely, and their distances, one pair an image.
        thumbnails: `(M, 32, 32)` uint8, each image lined up with its nearest film.
    """

    distance: NDArray[np.float64]
    row: NDArray[np.int64]
    alike: tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]
    thumbnails: NDArray[np.uint8]

    def nearer_than(self, limit: float) -> list[NDArray[np.int64]]:
        """Films of each image that are nearer than a distance."""
        return [rows[distances < limit] for rows, distances in self.alike]


def both_patches(grey: Grey, segment: Segment) -> Both:
    """The patches of a film and of its mirror image; each is segmented, for lungs are not symmetric."""
    mirrored = np.ascontiguousarray(grey[:, ::-1])
    upright, turned = (patch_of(one, segment(one).numpy()) for one in (grey, mirrored))
    return upright, turned


def patches_of(images: ImageSet, segment: Segment, *, progress: bool) -> Iterator[Both]:
    """The patches of each image."""
    for one in tqdm(images, desc=f"Nearest films of {images.name}", unit="image", disable=not progress):
        yield both_patches(one.grey, segment)


def patches_of_thumbnails(thumbnails: NDArray[np.uint8]) -> Iterator[Both]:
    """The patches of films of which only the thumbnail `(32, 32)` is left."""
    everywhere = torch.ones((2, SIDE_PX, SIDE_PX), dtype=torch.bool)
    for one in thumbnails:
        yield both_patches((one / np.float32(255)).astype(np.float32), lambda _: everywhere)


def nearest_by_pixels(
    patches: Iterator[Both], films: NDArray[np.uint8], allowed: NDArray[np.bool_]
) -> Nearest:
    """Nearest films by 1 - the correlation of thumbnails that were lined up, upright or mirrored.

    Every start of every film is looked at, the best are lined up a little, and the best of those well.

    Args:
        patches: Both patches of each of the M images.
        films: `(N, 32, 32)` thumbnails of the training films.
        allowed: `(M, N)` bool, which film counts for which image.
    """
    wanted, maps = directions(films), starts()
    found = [_closest(both, wanted, maps, may) for both, may in zip(patches, allowed, strict=True)]
    return Nearest(
        distance=np.array([one.distance for one in found], float),
        row=np.array([one.row for one in found], np.int64),
        alike=tuple((one.rows, one.distances) for one in found),
        thumbnails=np.stack([one.thumbnail for one in found])
        if found
        else np.zeros((0, SIDE_PX, SIDE_PX), np.uint8),
    )


def nearest_by_features(
    features: Sequence[Floats], films: Floats, allowed: NDArray[np.bool_], thumbnails: NDArray[np.uint8]
) -> Nearest:
    """Nearest films by 1 - the cosine of their features.

    Args:
        features: `(M, D)` of the images, and of their mirror images.
        films: `(N, D)` of the training films.
        allowed: `(M, N)` bool, which film counts for which image.
        thumbnails: `(M, 32, 32)` of the images, to be shown.
    """
    alike = np.max([_unit(one) @ _unit(films).T for one in features], axis=0)
    held = np.where(allowed, 1 - alike.astype(float), np.inf)
    row = held.argmin(1)
    distance = held[np.arange(len(held)), row]
    none = ~np.isfinite(distance)
    return Nearest(
        distance=np.where(none, np.nan, distance),
        row=np.where(none, -1, row),
        alike=tuple((row[at : at + 1], distance[at : at + 1]) for at in range(len(row))),
        thumbnails=thumbnails,
    )


def mirrored(images: ImageSet) -> ImageSet:
    """The mirror images, under digests of their own."""
    return replace(images, images=tuple(_mirrored(one) for one in images))


@dataclass(frozen=True, slots=True, eq=False)
class _Closest:
    """What was found for one image."""

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    thumbnail: NDArray[np.uint8]

    @property
    def distance(self) -> float:
        return float(self.distances[0]) if len(self.rows) else float("nan")

    @property
    def row(self) -> int:
        return int(self.rows[0]) if len(self.rows) else -1


def _closest(both: Both, wanted: Floats, maps: NDArray[np.float64], may: NDArray[np.bool_]) -> _Closest:
    shown = _bytes(thumbnails_of(both[0], IDENTITY[None])[0])
    usable = np.flatnonzero(may)
    if not len(usable):
        return _Closest(usable, np.zeros(0), shown)
    rows, distances, looks = [], [], []
    for patch in both:
        alike = directions(thumbnails_of(patch, maps)) @ wanted[usable].T
        few = np.argsort(-alike.max(0), kind="stable")[:CANDIDATES]
        where, reached = align(patch, maps[alike[:, few].argmax(0)], wanted[usable[few]], steps=FIRST_STEPS)
        last = np.argsort(-reached, kind="stable")[:FINALISTS]
        few, where = few[last], where[last]
        where, reached = align(patch, where, wanted[usable[few]], steps=LAST_STEPS)
        rows.append(usable[few])
        distances.append(np.maximum(1 - reached, 0))
        looks.append(_bytes(thumbnails_of(patch, where[reached.argmax()][None])[0]))
    flat = np.concatenate(distances)
    order = np.argsort(flat, kind="stable")
    side = int(np.argmin([one.min() for one in distances]))
    return _Closest(np.concatenate(rows)[order], flat[order], looks[side])


def _mirrored(one: EvaluationImage) -> EvaluationImage:
    def turned(region: BoolMap | None) -> BoolMap | None:
        return None if region is None else np.ascontiguousarray(region[:, ::-1])

    return replace(
        one, pixels=one.pixels.flip(-1), digest=f"{one.digest}/mirrored", mask=turned(one.mask),
        edit_region=turned(one.edit_region),
    )  # fmt: skip


def _unit(features: Floats) -> Floats:
    held = np.asarray(features, np.float32)
    return held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1e-6)


def _bytes(thumbnail: Floats) -> NDArray[np.uint8]:
    return np.round(255 * np.clip(thumbnail, 0, 1)).astype(np.uint8)
