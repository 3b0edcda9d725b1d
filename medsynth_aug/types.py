"""The small value types that every floor above shares: ranges, spacings, boxes and their checks.

Axes are `(C, H, W)` everywhere: row 0 is superior, column 0 is the patient's right (the image's left).
"""

from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth_aug.errors import GridError, SettingError, ValueRangeError

Grey: TypeAlias = NDArray[np.float32]
"""Grey image `(H, W)` float32, 0 at the bottom of the value range and 1 at its top."""

BoolMap: TypeAlias = NDArray[np.bool_]
"""Binary map `(H, W)`."""

IMAGE_DTYPES = (torch.uint8, torch.uint16, torch.int16, torch.float32)
"""The pixel types that are kept from input to output."""


class ValueRange(NamedTuple):
    """The darkest and the brightest value that an image can hold, in its own units."""

    low: float
    high: float


class Spacing(NamedTuple):
    """Distance between pixel centres in millimetres, down a column and along a row."""

    row_mm: float
    column_mm: float

    @property
    def mean_mm(self) -> float:
        """Geometric mean of both, for lengths without a direction."""
        return float(np.sqrt(self.row_mm * self.column_mm))


class Box(NamedTuple):
    """Half-open box in pixels, `(x0, y0, x1, y1)` as torchvision's XYXY."""

    x0: int
    y0: int
    x1: int
    y1: int


def box_of(mask: torch.Tensor) -> Box | None:
    """The smallest box round a mask `(1, H, W)`, or None if the mask is empty."""
    rows, columns = mask[0].any(dim=1).nonzero(), mask[0].any(dim=0).nonzero()
    if not len(rows):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def resolve_value_range(image: torch.Tensor, value_range: tuple[float, float] | None) -> ValueRange:
    """The stated range, or 0 to 255 for uint8.

    Raises:
        SettingError: If the range is absent for any other dtype, or is not increasing.
    """
    if value_range is None:
        if image.dtype == torch.uint8:
            return ValueRange(0.0, 255.0)
        raise SettingError(
            f"value_range is missing for a {image.dtype} image; state the darkest and brightest value that "
            "this data can hold, for example value_range=(0, 4095) for 12-bit detectors"
        )
    low, high = float(value_range[0]), float(value_range[1])
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise SettingError(f"value_range is ({low}, {high}); it needs two finite values, the lower one first")
    return ValueRange(low, high)


def check_image(image: torch.Tensor, value_range: ValueRange) -> None:
    """Check an image `(C, H, W)` before anything is computed from it.

    Raises:
        GridError: If it is not `(1, H, W)` or `(3, H, W)`, or of a dtype that is not kept.
        ValueRangeError: If it holds NaN, infinity or values outside the range, or channels that differ.
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3) or 0 in image.shape:
        raise GridError(f"image is {tuple(image.shape)}; a radiograph is (1, H, W) or (3, H, W)")
    if image.dtype not in IMAGE_DTYPES:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in IMAGE_DTYPES)
        raise GridError(f"image is {image.dtype}; convert it to one of {names} first")
    values = image.to(torch.float32)
    if not bool(torch.isfinite(values).all()):
        where = (~torch.isfinite(values)).nonzero()[0].tolist()
        raise ValueRangeError(
            f"image holds NaN or infinity, first at (channel, row, column) {where}; clean it"
        )
    low, high = float(values.min()), float(values.max())
    slack = 1e-6 * (value_range.high - value_range.low)
    if low < value_range.low - slack or high > value_range.high + slack:
        raise ValueRangeError(
            f"image holds values from {low:g} to {high:g}, outside value_range "
            f"({value_range.low:g}, {value_range.high:g}); state the range that the data can hold"
        )
    if image.shape[0] == 3 and not bool((image[0] == image[1]).all() and (image[0] == image[2]).all()):
        raise ValueRangeError(
            "the three channels of the image differ; a radiograph is grey: pass one channel"
        )


def check_grid(name: str, map_: torch.Tensor, image: torch.Tensor) -> None:
    """Check that a binary map `(K, H, W)` lies on the grid of `image`.

    Raises:
        GridError: If height or width differ, or the map is not boolean.
    """
    if map_.ndim != 3 or map_.shape[1:] != image.shape[1:]:
        raise GridError(
            f"image is {tuple(image.shape)} but {name} is {tuple(map_.shape)}; "
            f"resample the {name} onto the image grid first"
        )
    if map_.dtype != torch.bool:
        raise GridError(f"{name} is {map_.dtype}; it is a truth value per pixel: pass {name}.bool()")


def to_grey(image: torch.Tensor, value_range: ValueRange) -> Grey:
    """First channel of `image` as float32 in [0, 1] of its value range."""
    values = image[0].to(torch.float32).numpy()
    return ((values - value_range.low) / (value_range.high - value_range.low)).astype(np.float32)
