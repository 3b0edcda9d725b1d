"""Take numbers from a DICOM header, and name the attribute that leaves its pixels without a meaning."""

import math
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from medsynth_aug.errors import ImageError

DESCRIPTION = (
    "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "PixelRepresentation",
)  # fmt: skip
"""What a header has to say of its pixels."""

WINDOW_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def numbers_of(header: Dataset, keyword: str) -> list[float]:
    """The numbers of an attribute; none where it is absent, or holds anything but finite numbers."""
    try:
        values = np.atleast_1d(np.asarray(header.get(keyword), float)).tolist()
    except (TypeError, ValueError, OverflowError):
        return []
    return values if all(math.isfinite(value) for value in values) else []


def check_description(header: Dataset, path: Path) -> None:
    """Refuse a header that does not say what the stored values are.

    Raises:
        ImageError: If an attribute is missing, or the stored bits do not fit into the allocated ones.
    """
    missing = [keyword for keyword in DESCRIPTION if header.get(keyword) in (None, "")]
    if missing:
        raise ImageError(
            f"{path} has no {', '.join(missing)} in its header, so that its pixels cannot be understood; add "
            "what is missing, or leave the file out"
        )
    bits, allocated = int(header.BitsStored), int(header.BitsAllocated)
    if not 1 <= bits <= allocated:
        raise ImageError(
            f"{path} has BitsStored {bits}; with BitsAllocated {allocated} it is from 1 to {allocated}: "
            "correct the header, or leave the file out"
        )


def check_grey_scale(header: Dataset, path: Path, *, display: bool) -> None:
    """Refuse a rescale, and for `display` a window, that turns all values into one or into none.

    Raises:
        ImageError: If the header holds such a one.
    """
    fault = None if header.get("ModalityLUTSequence") else _rescale_fault(header)
    if fault:
        raise ImageError(
            f"{path} has {fault}; correct it in the header, or remove RescaleSlope and RescaleIntercept"
        )
    fault = None if not display or header.get("VOILUTSequence") else window_fault(header)
    if fault:
        raise ImageError(
            f'{path} has {fault}; correct it in the header, or read the file with values="stored"'
        )


def window_fault(header: Dataset) -> str | None:
    """What is wrong with a header's window, or None (PS3.3, C.11.2.1.2 and C.11.2.1.3).

    Text of the header is not repeated: it may name the patient.
    """
    if header.get("WindowCenter") is None or header.get("WindowWidth") is None:
        return None
    function = str(header.get("VOILUTFunction", "LINEAR")).upper()
    if function not in WINDOW_FUNCTIONS:
        return f"a VOILUTFunction that is none of {', '.join(WINDOW_FUNCTIONS)}"
    for keyword in ("WindowCenter", "WindowWidth"):
        if not numbers_of(header, keyword):
            return f"a {keyword} that is no finite number"
    width = min(numbers_of(header, "WindowWidth"))
    if width <= 0 or (function == "LINEAR" and width < 1):
        return f"WindowWidth {width:g}, which is too narrow for {function}"
    return None


def _rescale_fault(header: Dataset) -> str | None:
    if "RescaleSlope" not in header or "RescaleIntercept" not in header:
        return None
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if len(numbers_of(header, keyword)) != 1:
            return f"a {keyword} that is not one finite number"
    return (
        "RescaleSlope 0, which makes all values equal" if numbers_of(header, "RescaleSlope") == [0] else None
    )
