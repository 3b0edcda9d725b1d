"""From stored values to grey: modality LUT, VOI LUT, and which end of the values is bright (PS3.4, N.2)."""

from copy import deepcopy
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing

from medsynth_aug.data.readers.formats.dicom_terms import unit_of
from medsynth_aug.data.readers.formats.stored import stored_range
from medsynth_aug.types import ValueRange

Values = Literal["stored", "modality", "display"]
"""Which values are read: as stored, behind the modality LUT, or as a display would show them."""

Array: TypeAlias = NDArray[Any]

DISPLAY_RANGE = ValueRange(0.0, 65535.0)
"""Range of `"display"` values."""


def grey_values(stored: Array, header: Dataset, values: Values) -> tuple[Array, ValueRange, bool]:
    """Values `(H, W)` in which bone is bright, their range, and whether they had to be inverted for that.

    The inversion is `low + high - value`, its own inverse and without loss.

    Args:
        stored: `(H, W)` as stored.
        header: Its bits, photometric interpretation and LUTs.
        values: Which values are wanted.
    """
    limits = range_of(header, values)
    if values == "display":
        array: Array = np.rint(_display(stored, header) * limits.high).astype(np.uint16)
    else:
        array = stored if values == "stored" else _after_modality(stored, header, limits)
    inverted = is_inverted(header, values)
    return (invert(array, limits) if inverted else array), limits, inverted


def range_of(header: Dataset, values: Values) -> ValueRange:
    """The least and the greatest value that can come out."""
    if values == "display":
        return DISPLAY_RANGE
    return stored_range(header) if values == "stored" else _modality_range(header)


def invert(array: Array, limits: ValueRange) -> Array:
    """`low + high - value` in the dtype of `array`."""
    exact: type[np.number[Any]] = np.float32 if array.dtype.kind == "f" else np.int64
    both: Any = exact(limits.low + limits.high)  # type: ignore[arg-type]
    return (both - array.astype(exact)).astype(array.dtype)


def is_inverted(header: Dataset, values: Values) -> bool:
    """Whether the high end of the values is the dark one.

    MONOCHROME1 says so of what is displayed; a rescale with a negative slope or a falling VOI LUT turns it
    round once more for the values before it.
    """
    falls = False
    if values != "display":
        ends = np.array(stored_range(header), np.int32)
        behind = _modality(ends, header)
        ahead = behind if values == "stored" else np.sort(behind)
        if header.get("VOILUTSequence"):
            ahead = _voi_lut(ahead, header)
        falls = bool(ahead[0] > ahead[1])
    return (header.PhotometricInterpretation == "MONOCHROME1") != falls


def _modality(stored: Array, header: Dataset) -> Array:
    return apply_modality_lut(stored.astype(np.int32), header)


def _modality_range(header: Dataset) -> ValueRange:
    if header.get("ModalityLUTSequence"):
        return ValueRange(0.0, float(2 ** int(header.ModalityLUTSequence[0].LUTDescriptor[2]) - 1))
    low, high = sorted(_modality(np.array(stored_range(header), np.int32), header).tolist())
    return ValueRange(float(low), float(high))


def _after_modality(stored: Array, header: Dataset, limits: ValueRange) -> Array:
    """Values behind the modality LUT, as integers of at most 16 bits where they are that, else float32."""
    array = _modality(stored, header)
    if array.dtype.kind in "iu" or bool((array == np.rint(array)).all()):
        for dtype in (stored.dtype, np.uint8, np.uint16, np.int16):
            if np.iinfo(dtype).min <= limits.low and limits.high <= np.iinfo(dtype).max:
                return array.astype(dtype)
    return array.astype(np.float32)


def _display(stored: Array, header: Dataset) -> NDArray[np.float64]:
    """What is shown, from 0 to 1, before photometric interpretation; without a VOI LUT the whole range."""
    array = _modality(stored, header)
    if header.get("VOILUTSequence"):
        return _voi_lut(array, header) / (2.0 ** int(header.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    if header.get("WindowCenter") is None or header.get("WindowWidth") is None:
        limits = _modality_range(header)
        return (array - limits.low) / (limits.high - limits.low)
    with np.errstate(over="ignore"):
        bottom, top = apply_windowing(np.array([-1e12, 1e12]), header)
        return (apply_windowing(array, header) - bottom) / (top - bottom)


def luts_as_written(header: Dataset) -> dict[str, Dataset]:
    """The LUTs of a header without their free text, little-endian, the VOI LUT on 16 bits.

    A Secondary Capture image may hold VOI LUTs of 8 and 16 bits only, a radiograph those between as well.
    """
    found = {}
    for keyword, apply in (("ModalityLUTSequence", _modality), ("VOILUTSequence", _voi_lut)):
        if not header.get(keyword):
            continue
        source, item = header[keyword].value[0], Dataset()
        entries, first, depth = (int(value) for value in source.LUTDescriptor)
        table = apply(np.arange(first, first + (entries or 2**16)), header).astype(np.int64)
        if keyword == "VOILUTSequence":
            table, depth = np.rint(table * (65535 / (2**depth - 1))), 16
        else:
            item.ModalityLUTType = unit_of(source.get("ModalityLUTType"))
        item.add_new("LUTDescriptor", source["LUTDescriptor"].VR, [entries, first, depth])
        item.add_new("LUTData", "OW", table.astype("<u2").tobytes())
        found[keyword] = item
    return found


def _voi_lut(array: Array, header: Dataset) -> Array:
    """Values behind the VOI LUT.

    pydicom indexes in the type of the LUT's entries, so values are clipped to its ends, and an 8-bit LUT is
    passed as a wider one, before they could wrap round.
    """
    entries, first, depth = (int(value) for value in header.VOILUTSequence[0].LUTDescriptor)
    inside = np.clip(np.rint(array), first, first + (entries or 2**16) - 1).astype(np.int32)
    if depth == 8:
        header = deepcopy(header)
        header.VOILUTSequence[0].LUTDescriptor = [entries, first, 16]
    return apply_voi(inside, header)
