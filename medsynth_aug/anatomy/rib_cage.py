"""A schematic rib cage inside lung fields: what a whole image that was made from nothing lacks most."""

from collections.abc import Iterator

import cv2
import numpy as np

from medsynth_aug.types import BoolMap, Grey

PAIRS = 9
"""Posterior ribs that cross a lung field on a frontal film in full inspiration."""

ANTERIOR = 0.25
"""Contrast of anterior ribs, which are further from the detector and less calcified, over posterior ones."""


def draw_rib_cage(lungs: BoolMap, rng: np.random.Generator) -> Grey:
    """Contrast of ribs, `(H, W)` float32 in [0, 1], drawn to fit lung fields.

    Posterior ribs leave the spine, arch and fall towards the chest wall; anterior ones fall from there
    towards the sternum (Gray's Anatomy, 41st edition, chapter 53). The curves are the package's own.

    Args:
        lungs: `(2, H, W)` bool, the patient's right and left lung field.
        rng: Source of chance: spacing, slope and contrast of this rib cage.
    """
    height, width = lungs.shape[1:]
    contrast = np.zeros((height, width), np.float32)
    slope, arch, phase = rng.uniform(0.2, 0.32), rng.uniform(0.02, 0.05), rng.uniform(0, 1)
    both = np.asarray(lungs.any(0))
    if not both.any():
        return contrast
    middle = float(np.nonzero(both)[1].mean())
    for side in lungs:
        if side.any():
            for line, share in _ribs(side, middle, slope=slope, arch=arch, phase=phase):
                contrast = np.maximum(contrast, share * _bone(line, (height, width), _thickness(side)))
    reach = max(1.0, 0.02 * height)
    inside = np.asarray(cv2.GaussianBlur(np.asarray(both, np.float32), (0, 0), reach))
    return np.asarray(contrast * np.clip(2.5 * inside, 0, 1), np.float32)


def _ribs(
    side: BoolMap, middle: float, *, slope: float, arch: float, phase: float
) -> Iterator[tuple[np.ndarray, float]]:
    """Polylines `(n, 2)` of column and row, with the share of contrast that each has."""
    rows, columns = np.nonzero(side)
    top, bottom = float(rows.min()), float(rows.max())
    tall = bottom - top
    outermost = float(columns.max() if columns.mean() > middle else columns.min())
    along = np.linspace(0, 1, 40)
    for number in range(PAIRS + 2):
        start = top + tall * (number - 1 + phase) / PAIRS
        width = 1 - 0.35 * max(0.0, 1 - (start - top) / (0.35 * tall))  # the cage narrows to the apex
        lateral = middle + width * (outermost - middle)
        column = middle + (lateral - middle) * np.sin(0.5 * np.pi * along)
        yield np.stack([column, start + tall * (slope * along**2 - arch * np.sin(np.pi * along))], 1), 1.0
        back = lateral + 0.75 * (middle - lateral) * np.sin(0.5 * np.pi * along)
        yield np.stack([back, start + tall * (slope + 0.35 * along)], 1), ANTERIOR


def _bone(line: np.ndarray, shape: tuple[int, int], thickness: int) -> Grey:
    """A tube seen from the side: denser at its cortex than in its middle."""
    tube, marrow = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    points = [np.round(line * 8).astype(np.int32)]
    cv2.polylines(tube, points, False, 255, thickness, cv2.LINE_AA, 3)
    cv2.polylines(marrow, points, False, 255, max(1, thickness - 4), cv2.LINE_AA, 3)
    return cv2.GaussianBlur((tube - 0.45 * marrow) / 255, (0, 0), 0.8).astype(np.float32)


def _thickness(side: BoolMap) -> int:
    rows = np.nonzero(side)[0]
    return max(3, round(0.055 * float(np.ptp(rows))))
