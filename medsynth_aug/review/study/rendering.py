"""The one path on which every image of a study goes, so that nothing but its content differs."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.review.study.settings import LARGEST_PX

REDUCTION = 0.75
"""Every image is made smaller at least this much, so that all pass a low-pass filter and none is enlarged."""

MOST_CUT = 0.25
"""An image of which the square cuts off more of the longer side is not shown."""

WINDOW = (0.5, 99.5)
"""Percentiles of the grey values that are shown as black and as white."""


def side_px(image: EvaluationImage, trim: float) -> int:
    """The largest side that an image may have in a study."""
    return int(REDUCTION * min(_kept(length, trim) for length in image.shape))


def common_side(images: list[EvaluationImage], trim: float, wanted: int | None) -> int:
    """The side that all images of a study get.

    Raises:
        SettingError: If `wanted` is more than the smallest image allows.
    """
    smallest = min(images, key=lambda one: side_px(one, trim))
    most = side_px(smallest, trim)
    if wanted is not None and wanted > most:
        raise SettingError(
            f"size_px is {wanted}, but image {smallest.name} of {smallest.shape[0]} x {smallest.shape[1]} "
            f"pixels allows {most}, as no image may be enlarged; lower size_px or leave such images out"
        )
    return min(most, LARGEST_PX) if wanted is None else wanted


def render(image: EvaluationImage, *, side: int, trim: float) -> NDArray[np.uint8]:
    """An image as readers see it: trimmed, squared about its centre, resampled, windowed.

    Args:
        image: Any image, of any size and depth.
        side: Height and width of the result.
        trim: Share of each side that is cut off first.

    Returns:
        `(side, side)` grey in 8 bits.
    """
    top, left, length = _square(image.shape, trim)
    grey = np.ascontiguousarray(image.grey[top : top + length, left : left + length])
    small = np.asarray(Image.fromarray(grey).resize((side, side), Image.Resampling.LANCZOS))
    low, high = (float(one) for one in np.percentile(small, WINDOW))
    scaled = (small - low) / (high - low) if high > low else np.zeros_like(small)
    return np.round(255 * np.clip(scaled, 0, 1)).astype(np.uint8)


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels as PNG without compression and without a word beside them: one length for one shape."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


def is_shown_whole(image: EvaluationImage, trim: float) -> bool:
    """Whether the square holds most of an image, and all of its lesion where that is known."""
    top, left, side = _square(image.shape, trim)
    if side < (1 - MOST_CUT) * max(_kept(length, trim) for length in image.shape):
        return False
    if image.mask is None:
        return True
    return bool(image.mask[top : top + side, left : left + side].sum() == image.mask.sum())


def _kept(length: int, trim: float) -> int:
    return length - 2 * int(trim * length)


def _square(shape: tuple[int, int], trim: float) -> tuple[int, int, int]:
    """First row, first column and side of the part of an image that is shown."""
    side = min(_kept(length, trim) for length in shape)
    return (shape[0] - side) // 2, (shape[1] - side) // 2, side
