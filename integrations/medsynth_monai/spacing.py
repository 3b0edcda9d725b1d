"""Millimetres per pixel from a MetaTensor, where its file stated them."""

from typing import Any

import numpy as np
from monai.data import MetaTensor
from monai.utils.enums import MetaKeys

from medsynth_aug.errors import SettingError
from medsynth_aug.types import Spacing
from medsynth_monai.axes import SpatialOrder


def check_spacing_mm(spacing_mm: tuple[float, float] | None) -> Spacing | None:
    """The spacing that the user stated, `(row_mm, column_mm)`.

    Raises:
        SettingError: If it is not two positive, finite lengths.
    """
    if spacing_mm is None:
        return None
    lengths = [float(length) for length in spacing_mm]
    if len(lengths) != 2 or not all(np.isfinite(length) and length > 0 for length in lengths):
        raise SettingError(
            f"spacing_mm is {spacing_mm}; it is (row_mm, column_mm): two positive lengths, down a column "
            "and along a row"
        )
    return Spacing(*lengths)


def stated_spacing(image: Any, spatial_order: SpatialOrder) -> Spacing | None:
    """Spacing of an image by its affine, or None where the affine says nothing about millimetres.

    An affine is trusted only if the reader took one from the file (DICOM, NIfTI, NRRD, MetaImage) and its
    spacing is not 1 by 1, which is what readers write when the file is silent. PNG and JPEG have none: their
    MetaTensor shows an identity, or the factor by which `Resized` shrank it, and neither is a length.
    """
    if not isinstance(image, MetaTensor):
        return None
    original = image.meta.get(MetaKeys.ORIGINAL_AFFINE)
    if original is None or np.allclose(_lengths(original), 1.0):
        return None
    first, second = _lengths(image.affine)
    if not (np.isfinite(first) and np.isfinite(second) and first > 0 and second > 0):
        return None
    return Spacing(second, first) if spatial_order == "WH" else Spacing(first, second)


def _lengths(affine: Any) -> tuple[float, float]:
    """Lengths of the first two columns of an affine: the step along each spatial axis."""
    matrix = np.asarray(affine, dtype=np.float64)
    first, second = np.linalg.norm(matrix[:-1, :2], axis=0)
    return float(first), float(second)
