"""Millimetres per pixel as a DICOM header states them, and in which plane they hold (PS3.3, 10.7.1)."""

import math
from typing import Literal, NamedTuple

from pydicom.dataset import Dataset

from medsynth_aug.data.readers.formats.attributes import numbers_of
from medsynth_aug.types import Spacing

SpacingBasis = Literal[
    "fiducial", "geometry", "corrected", "magnification factor", "image plane", "detector", "unknown",
    "absent",
]  # fmt: skip
"""Where a spacing comes from; the first five hold in the patient."""

IN_THE_PATIENT: tuple[SpacingBasis, ...] = (
    "fiducial", "geometry", "corrected", "magnification factor", "image plane",
)  # fmt: skip


class Scale(NamedTuple):
    """A spacing and where it comes from.

    Args:
        spacing: Along a column and along a row of the stored pixels, or None.
        basis: `"fiducial"`, `"geometry"`: Pixel Spacing with that calibration type. `"corrected"`: Pixel
            Spacing that differs from the detector's. `"magnification factor"`: the detector's, divided by the
            Estimated Radiographic Magnification Factor. `"image plane"`: Pixel Spacing of an image with a
            position in the patient. `"detector"`: that of detector or film, uncorrected. `"unknown"`: Pixel
            Spacing of a projection without a word on calibration.
    """

    spacing: Spacing | None
    basis: SpacingBasis

    @property
    def in_the_patient(self) -> bool:
        """Whether the spacing holds in the patient rather than on the detector or in an unknown plane."""
        return self.basis in IN_THE_PATIENT


def scale_of(header: Dataset) -> Scale:
    """The best spacing that a header states."""
    pixel = _pair(header, "PixelSpacing")
    detector = _pair(header, "ImagerPixelSpacing") or _pair(header, "NominalScannedPixelSpacing")
    kind = str(header.get("PixelSpacingCalibrationType") or "").strip().lower()
    if pixel and kind in ("fiducial", "geometry"):
        return Scale(pixel, "fiducial" if kind == "fiducial" else "geometry")
    if pixel and detector and not _equal(pixel, detector):
        return Scale(pixel, "corrected")
    factor = numbers_of(header, "EstimatedRadiographicMagnificationFactor")
    if detector and len(factor) == 1 and factor[0] >= 1:
        return Scale(Spacing(*(value / factor[0] for value in detector)), "magnification factor")
    if detector:
        return Scale(detector, "detector")
    if pixel:
        return Scale(pixel, "image plane" if header.get("ImageOrientationPatient") else "unknown")
    return Scale(None, "absent")


def _pair(header: Dataset, keyword: str) -> Spacing | None:
    """A spacing; one that is not two positive numbers tells as much as none."""
    values = numbers_of(header, keyword)
    return Spacing(*values) if len(values) == 2 and min(values) > 0 else None


def _equal(one: Spacing, other: Spacing) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-4) for a, b in zip(one, other))
