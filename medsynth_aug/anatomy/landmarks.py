"""Lung fields as corresponding points on their outlines, and back to maps."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from medsynth_aug.errors import GridError
from medsynth_aug.types import BoolMap

Points = NDArray[np.float64]
"""`(P, 2)` of x and y, in sides of a square that holds the image letterboxed."""

STRETCHES = (24, 16, 24)
"""Points a lung: from apex to costophrenic angle, along the base to the medial end, and back to the apex."""

POINTS = 2 * sum(STRETCHES)
"""Points of both lungs: the patient's right one, then the left one."""

_SHIFT = 6


def landmarks_of(lungs: BoolMap) -> Points:
    """`(POINTS, 2)` points on the outlines of both lungs, the same place of the anatomy at the same number.

    Three places are found by themselves (the apex, the lateral end of the base, its medial end); the others
    lie at equal distances between them along the outline.

    Args:
        lungs: `(2, H, W)` bool, the patient's right and left lung field, each one piece.

    Raises:
        GridError: If a lung is absent, or too small to have an outline.
    """
    height, width = lungs.shape[1:]
    side = max(height, width)
    offset = np.array([(side - width) / 2, (side - height) / 2])
    both = []
    for number, (lung, name) in enumerate(zip(lungs, ("right", "left"), strict=True)):
        outlines, _ = cv2.findContours(lung.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        longest = max(outlines, key=len, default=np.zeros((0, 1, 2), np.int32))
        if len(longest) < POINTS // 2:
            raise GridError(f"the {name} lung has no outline of at least {POINTS // 2} pixels; segment anew")
        outline = longest[:, 0].astype(np.float64) + 0.5
        both.append(_numbered(outline, lateral_is_low=number == 0) + offset)
    return np.concatenate(both) / side


def fields_of(points: Points, shape: tuple[int, int]) -> torch.Tensor:
    """`(2, H, W)` bool lung fields of landmarks, the patient's right and left.

    Args:
        points: `(POINTS, 2)`.
        shape: `(H, W)`; the square of the points is letterboxed round it.
    """
    height, width = shape
    side = max(height, width)
    offset = np.array([(side - width) / 2, (side - height) / 2])
    fields = np.zeros((2, height, width), np.uint8)
    for field, outline in zip(fields, np.split(points * side - offset - 0.5, 2)):
        cv2.fillPoly(field, [np.round(outline * 2**_SHIFT).astype(np.int32)], 1, cv2.LINE_8, _SHIFT)
    return torch.from_numpy(fields.astype(bool))


def _numbered(outline: Points, *, lateral_is_low: bool) -> Points:
    """The outline from its apex over the lateral to the medial end of the base, at equal steps."""
    low, high = outline.min(0), outline.max(0)
    inward, down = ((outline - low) / np.maximum(high - low, 1)).T
    if not lateral_is_low:
        inward = 1 - inward  # 0 at the chest wall, 1 at the mediastinum
    apex = int(np.argmin(down + 0.3 * np.abs(inward - 0.6)))
    ends = [int(np.argmax(down - inward)), int(np.argmax(down + inward))]
    count = len(outline)
    if (ends[0] - apex) % count > (ends[1] - apex) % count:
        outline = outline[::-1]
        apex, ends = count - 1 - apex, [count - 1 - end for end in ends]
    turned = np.roll(outline, -apex, axis=0)
    stops = [0, *((end - apex) % count for end in ends), count]
    closed = np.concatenate([turned, turned[:1]])
    parts = [
        _spaced(closed[first : last + 1], steps)
        for first, last, steps in zip(stops, stops[1:], STRETCHES)
    ]  # fmt: skip
    return np.concatenate(parts)


def _spaced(line: Points, steps: int) -> Points:
    """`steps` points at equal distances along a line, its end left out."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    wanted = np.linspace(0, along[-1], steps, endpoint=False)
    return np.stack([np.interp(wanted, along, line[:, axis]) for axis in (0, 1)], 1)
