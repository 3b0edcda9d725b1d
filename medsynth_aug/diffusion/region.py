"""The region of interest: a square round the edit, at one of a few sizes, so that cost follows the lesion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsynth_aug.conditioning import resample
from medsynth_aug.types import BoolMap, Grey

BUCKETS = (128, 192, 256, 384)
"""Sides in pixels at which diffusion is run; all are multiples of 64, as SD-layout models need."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square window of the image and the size at which it is denoised.

    Args:
        top: First row; may lie outside the image, which is then continued by its border.
        left: First column; likewise.
        side: Side in native pixels.
        size: Side in pixels of the diffusion grid, at most `side`.
    """

    top: int
    left: int
    side: int
    size: int

    def crop(self, image: Grey, *, binary: bool = False) -> Grey:
        """The window of `image` `(H, W)` on the diffusion grid, `(size, size)` float32.

        Args:
            image: What is cut; beyond its border it is continued by its outermost pixels.
            binary: Keep values 0 and 1 (for masks: any cover counts).
        """
        height, width = image.shape
        rows = np.clip(np.arange(self.top, self.top + self.side), 0, height - 1)
        columns = np.clip(np.arange(self.left, self.left + self.side), 0, width - 1)
        window = np.ascontiguousarray(image[np.ix_(rows, columns)], np.float32)
        if self.size != self.side:
            window = resample(window, (self.size, self.size))
        return (window > 0).astype(np.float32) if binary else window

    def paste(self, change: Grey, shape: tuple[int, int]) -> Grey:
        """A change on the diffusion grid as a change of the whole image, 0 outside the window.

        Args:
            change: `(size, size)` float32.
            shape: `(H, W)` of the image.
        """
        if self.size != self.side:
            change = resample(change, (self.side, self.side))
        whole = np.zeros(shape, np.float32)
        top, left = max(0, self.top), max(0, self.left)
        bottom, right = min(shape[0], self.top + self.side), min(shape[1], self.left + self.side)
        whole[top:bottom, left:right] = change[
            top - self.top : bottom - self.top, left - self.left : right - self.left
        ]
        return whole


def region_of(edit_region: BoolMap, *, context: float, buckets: Sequence[int] = BUCKETS) -> Region:
    """The region of interest of an edit.

    The window is `context` times the larger extent of the edit, rounded up to the next bucket: more context
    rather than interpolation. An edit too large for the largest bucket is sampled down to it, and then only
    the change is sampled up again.

    Args:
        edit_region: `(H, W)` bool, not empty.
        context: Window side over edit extent, at least 1.
        buckets: Sizes to choose from, rising.
    """
    rows, columns = np.nonzero(edit_region.any(1))[0], np.nonzero(edit_region.any(0))[0]
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    wanted = int(np.ceil(context * extent))
    fitting = [bucket for bucket in buckets if bucket >= wanted]
    side = fitting[0] if fitting else max(wanted, buckets[-1])
    size = fitting[0] if fitting else buckets[-1]

    def start(first: int, last: int, length: int) -> int:
        centred = (first + last + 1) // 2 - side // 2
        return min(max(centred, 0), length - side) if length >= side else (length - side) // 2

    height, width = edit_region.shape
    top = start(int(rows[0]), int(rows[-1]), height)
    return Region(top, start(int(columns[0]), int(columns[-1]), width), side, size)
