"""What is painted into: pixels with their value range and spacing, known by their digest."""

from dataclasses import dataclass

import torch

from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_aug.types import Spacing, ValueRange, check_image, resolve_value_range

NO_SOURCE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class SourceImage:
    """One image that a lesion may be painted into.

    Args:
        pixels: `(C, H, W)` in its native dtype, on the CPU.
        value_range: Darkest and brightest value that the data can hold.
        spacing: Millimetres per pixel, or None where unknown.
        digest: `real:<sha256>` or `sample:<request digest>`.
    """

    pixels: torch.Tensor
    value_range: ValueRange
    spacing: Spacing | None
    digest: str


def real_source(
    pixels: torch.Tensor,
    *,
    value_range: tuple[float, float] | None = None,
    spacing_mm: tuple[float, float] | None = None,
) -> SourceImage:
    """A real image as a source, checked and digested.

    Args:
        pixels: `(1, H, W)` or `(3, H, W)` with equal channels; uint8, uint16, int16 or float32.
        value_range: Needed for every dtype but uint8.
        spacing_mm: Row and column spacing.

    Raises:
        GridError: If shape or dtype are not an image's.
        SettingError: If the value range is absent and cannot be assumed.
        ValueRangeError: If pixels are NaN, infinite or out of range.
    """
    resolved = resolve_value_range(pixels, value_range)
    check_image(pixels, resolved)
    spacing = _spacing(spacing_mm)
    held = pixels.detach().contiguous()
    return SourceImage(
        held, resolved, spacing, digest_real(held, value_range=value_range, spacing_mm=spacing)
    )


def digest_real(
    pixels: torch.Tensor,
    *,
    value_range: tuple[float, float] | None = None,
    spacing_mm: tuple[float, float] | None = None,
) -> str:
    """`real:<sha256>` of an image, as `real_source` gives it, without its checks of the pixels.

    Args:
        pixels: `(C, H, W)`.
        value_range: Needed for every dtype but uint8.
        spacing_mm: Row and column spacing.

    Raises:
        SettingError: If the value range is absent and cannot be assumed.
    """
    resolved = resolve_value_range(pixels, value_range)
    return "real:" + digest_pixels(pixels, value_range=resolved, spacing=_spacing(spacing_mm))


def _spacing(spacing_mm: tuple[float, float] | None) -> Spacing | None:
    return Spacing(*(float(value) for value in spacing_mm)) if spacing_mm else None
