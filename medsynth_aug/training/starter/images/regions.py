"""Random regions to paint, as a lesion would have them: blobs, pleural bands, lungs, everything."""

import cv2
import numpy as np

from medsynth_aug.lesions.fields import depth_px
from medsynth_aug.types import BoolMap

SHARES = {"blob": 0.55, "band": 0.15, "lung": 0.18, "everything": 0.12}
"""How often each kind of region is drawn."""


def draw_region(rng: np.random.Generator, lungs: BoolMap, size: int) -> tuple[BoolMap, BoolMap]:
    """A region to paint and the lesion mask inside it.

    Args:
        rng: Source of chance.
        lungs: `(2, size, size)` bool lung fields in the crop.
        size: Side of the crop in pixels.

    Returns:
        Edit region and lesion mask, both `(size, size)` bool.
    """
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    if kind == "everything":
        return np.ones((size, size), bool), np.asarray(lungs.any(0))
    side: BoolMap = lungs[int(rng.integers(2))] if rng.random() < 0.7 else np.asarray(lungs.any(0))
    if kind == "band" and side.mean() > 0.05:
        mask: BoolMap = side & ~_erode(side, size * float(rng.uniform(0.03, 0.12)))
    elif kind == "lung" and side.mean() > 0.05:
        mask = side
    else:
        mask = _blob(rng, size)
    margin = max(2, round(size * float(rng.uniform(0.02, 0.06))))
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return cv2.dilate(mask.astype(np.uint8), ellipse).astype(bool), mask


def _blob(rng: np.random.Generator, size: int) -> BoolMap:
    rows, columns = np.mgrid[:size, :size] / size
    row, column = rng.uniform(0.15, 0.85, 2)
    radius, stretch, tilt = rng.uniform(0.05, 0.3), np.exp(rng.normal(0, 0.4)), rng.uniform(0, np.pi)
    dy, dx = rows - row, columns - column
    along, across = dx * np.cos(tilt) + dy * np.sin(tilt), dy * np.cos(tilt) - dx * np.sin(tilt)
    angle, waver = np.arctan2(across, along), np.ones((size, size))
    for harmonic in range(2, 5):
        waver += rng.normal(0, 0.15 / harmonic) * np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(np.hypot(along * stretch, across / stretch) < radius * waver)


def _erode(mask: BoolMap, width: float) -> BoolMap:
    return np.asarray(depth_px(mask) > width)
