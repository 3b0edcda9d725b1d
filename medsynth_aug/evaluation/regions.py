"""Where the lesion is, for figures that are restricted to it: mask, box, or the lungs of a diffuse one."""

from dataclasses import replace

import numpy as np

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.errors import UnknownLesionError
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.types import BoolMap, Grey

CONTEXT = 1.5
LEAST_SIDE_PX = 64


def has_region(one: EvaluationImage) -> bool:
    """Whether an image says where its lesion is."""
    return one.mask is not None and bool(one.mask.any())


def lesion_crop(one: EvaluationImage) -> Grey:
    """A square round the mask with half its size again as context, `(S, S)`; the image's border is continued.

    Args:
        one: An image with a mask that is not empty.
    """
    assert one.mask is not None
    return square_round(one.grey, one.mask)


def square_round(
    grey: Grey, mask: BoolMap, *, context: float = CONTEXT, least_px: int = LEAST_SIDE_PX
) -> Grey:
    """A square `(S, S)` of `grey` round a mask, at least `least_px` a side."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    side = max(least_px, int(np.ceil(context * (max(np.ptp(rows), np.ptp(columns)) + 1))))
    top, left = ((int(axis[0]) + int(axis[-1]) + 1 - side) // 2 for axis in (rows, columns))
    down = np.clip(np.arange(top, top + side), 0, grey.shape[0] - 1)
    across = np.clip(np.arange(left, left + side), 0, grey.shape[1] - 1)
    return np.ascontiguousarray(grey[np.ix_(down, across)])


def is_diffuse(lesion: str) -> bool:
    """Whether a lesion of the catalogue takes the affected lung as its mask; unknown ones do not."""
    try:
        return resolve_lesion(lesion).diffuse
    except UnknownLesionError:
        return False


def with_lungs_as_masks(images: ImageSet) -> ImageSet:
    """The images, those without a mask with their segmented lung fields instead."""
    return ImageSet(
        images.name,
        tuple(
            one if one.mask is not None else replace(one, mask=segment_lungs(one.grey).any(0).numpy())
            for one in images
        ),
    )
