"""Fit the appearance prior, from which whole images start, on a training set."""

from collections.abc import Sequence

import cv2
import numpy as np

from medsynth_aug.anatomy.pieces import solidity
from medsynth_aug.diffusion.appearance import IMAGE_SIDE, MASK_SIDE, AppearancePrior, fit_appearance
from medsynth_aug.training.starter.images.prompts import attributes_of
from medsynth_aug.training.starter.images.radiographs import Radiograph
from medsynth_aug.types import BoolMap

LEAST_IMAGES = 16
WIDEST = 1.25
"""Longer over shorter side: what is longer would be mostly padding in a square."""

LEAST_SOLIDITY = 0.84


def appearance_of(
    radiographs: Sequence[Radiograph], anatomy: Sequence[BoolMap], *, lungs: bool
) -> AppearancePrior | None:
    """The prior of a training set, or None where too few images suit.

    Args:
        radiographs: The images; those squeezed upstream are left out.
        anatomy: Anatomy `(2, H, W)` bool of each; images without any are left out.
        lungs: Whether it is lung fields, of which ragged ones are left out.
    """
    chosen = [
        (one, found)
        for one, found in zip(radiographs, anatomy, strict=True)
        if one.keeps_aspect and max(found.shape[1:]) <= WIDEST * min(found.shape[1:]) and _suits(found, lungs)
    ]
    if len(chosen) < LEAST_IMAGES:
        return None
    return fit_appearance(
        np.stack([square(one.pixels / np.float32(255), IMAGE_SIDE) for one, _ in chosen]),
        [square(np.asarray(found.any(0)), MASK_SIDE, border=cv2.BORDER_CONSTANT) for _, found in chosen],
        [", ".join(attributes_of(one.row)) for one, _ in chosen],
    )


def square(image: np.ndarray, side: int, *, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """The image in the middle of a square, `(side, side)` float32."""
    height, width = image.shape
    longest = max(height, width)
    top, left = (longest - height) // 2, (longest - width) // 2
    wide = cv2.copyMakeBorder(
        image.astype(np.float32), top, longest - height - top, left, longest - width - left, border
    )
    return np.asarray(cv2.resize(wide, (side, side), interpolation=cv2.INTER_AREA), np.float32)


def _suits(anatomy: BoolMap, lungs: bool) -> bool:
    if not lungs:
        return bool(anatomy.any())
    return min(solidity(side) for side in anatomy) >= LEAST_SOLIDITY
