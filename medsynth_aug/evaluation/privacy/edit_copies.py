"""Synthetic lesions against the real lesions of the training data, lined up by their pixels."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.privacy.alignment import IDENTITY, SIDE_PX, Patch, patch_of, thumbnails_of
from medsynth_aug.evaluation.privacy.copies import Measured
from medsynth_aug.evaluation.privacy.nearest import Both, nearest_by_pixels
from medsynth_aug.evaluation.privacy.report import Compared
from medsynth_aug.evaluation.regions import has_region
from medsynth_aug.types import BoolMap

CONTEXT = 1.25
LEAST_SIDE_PX = 16


def compare_edits(
    space: str, synthetic: ImageSet, positives: ImageSet | None, *, fewest: int
) -> tuple[Compared | None, str]:
    """Lesion crops of synthetic images against those of training positives of other patients, or why not.

    Args:
        space: Name of this comparison.
        synthetic: Painted and virtual images; those whose mask is empty or the whole canvas are left out.
        positives: Real lesions that the checkpoint was trained on.
        fewest: Positives that a threshold needs.
    """
    painted = synthetic.where(_has_lesion)
    if not len(painted):
        return None, "no image has a lesion with a mask"
    if positives is None:
        return None, "no positives of the training data with masks or boxes were given"
    known = positives.where(has_region)
    wanted = [thumbnails_of(_patch(one), IDENTITY[None])[0] for one in known]
    films = np.round(255 * np.clip(np.array(wanted), 0, 1)).astype(np.uint8).reshape(-1, SIDE_PX, SIDE_PX)
    owner = np.asarray(known.patients, str)
    others = owner[:, None] != owner[None]
    if int(others.any(1).sum()) < fewest:
        return None, f"{len(known)} training positives say where their lesion is; a threshold needs {fewest}"
    real = nearest_by_pixels(_patches(known), films, others)
    whose = np.asarray(painted.patients, str)
    found = nearest_by_pixels(_patches(painted), films, whose[:, None] != owner[None])
    beside = Measured(positives.name, real.distance, known.patients).known()
    return Compared(space, painted, found, beside, films, lambda row: known.images[row].name), ""


def _has_lesion(one: EvaluationImage) -> bool:
    """Whether a lesion of its own is in a place that the image tells."""
    return one.origin in ("painted", "virtual") and has_region(one) and not bool(np.all(one.mask))


def _patches(images: ImageSet) -> Iterator[Both]:
    """Patches round the lesion of each image, upright and mirrored."""
    for one in images:
        assert one.mask is not None
        turned = replace(one, pixels=one.pixels.flip(-1), mask=np.ascontiguousarray(one.mask[:, ::-1]))
        yield _patch(one), _patch(turned)


def _patch(one: EvaluationImage) -> Patch:
    assert one.mask is not None
    return patch_of(one.grey, _square(one.mask)[None])


def _square(mask: BoolMap) -> BoolMap:
    """A square round the mask with a quarter of its size as context, cut at the border of the film."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    side = max(LEAST_SIDE_PX, int(np.ceil(CONTEXT * (max(np.ptp(rows), np.ptp(columns)) + 1))))
    window = np.zeros(mask.shape, bool)
    top, left = (max(0, (int(axis[0]) + int(axis[-1]) + 1 - side) // 2) for axis in (rows, columns))
    window[top : top + side, left : left + side] = True
    return window
