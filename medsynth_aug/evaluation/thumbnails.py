"""Aligned thumbnails that still match after a crop, a shift, a flip, another exposure or another codec."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from medsynth_aug.types import BoolMap, Grey

SIDE_PX = 32
SCALES = (0.92, 1.0, 1.09)
SHIFTS = (-1 / 16, 0.0, 1 / 16)

Vectors = NDArray[np.float32]


def variants(grey: Grey, lungs: BoolMap) -> NDArray[np.uint8]:
    """Thumbnails `(54, 32, 32)` of the box round both lungs: three sizes, nine places, each mirrored too.

    Args:
        grey: `(H, W)` in [0, 1].
        lungs: `(2, H, W)` bool; the whole image is taken where no lung is seen.
    """
    pixels = np.round(255 * grey).astype(np.uint8)
    found = [
        cv2.resize(window, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        for window in _windows(pixels, _box(lungs, pixels.shape))
    ]
    upright = np.stack(found)
    return np.concatenate([upright, upright[:, :, ::-1]])


def directions(thumbnails: Tensor | NDArray[np.uint8]) -> Vectors:
    """Thumbnails `(N, 32, 32)` as unit vectors `(N, 1024)`, brightness and contrast taken out."""
    flat = np.asarray(thumbnails, np.float32).reshape(len(thumbnails), -1)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def _box(lungs: BoolMap, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    both = np.asarray(lungs.any(0))
    rows, columns = np.nonzero(both.any(1))[0], np.nonzero(both.any(0))[0]
    if not len(rows):
        return 0.0, 0.0, float(shape[0]), float(shape[1])
    return float(rows[0]), float(columns[0]), float(rows[-1] + 1), float(columns[-1] + 1)


def _windows(
    pixels: NDArray[np.uint8], box: tuple[float, float, float, float]
) -> Iterator[NDArray[np.uint8]]:
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    for scale in SCALES:
        for down in SHIFTS:
            for across in SHIFTS:
                middle = (top + bottom) / 2 + down * height, (left + right) / 2 + across * width
                first = [round(m - scale * size / 2) for m, size in zip(middle, (height, width))]
                last = [round(m + scale * size / 2) for m, size in zip(middle, (height, width))]
                rows = np.clip(np.arange(first[0], max(last[0], first[0] + 1)), 0, pixels.shape[0] - 1)
                columns = np.clip(np.arange(first[1], max(last[1], first[1] + 1)), 0, pixels.shape[1] - 1)
                yield pixels[np.ix_(rows, columns)]
