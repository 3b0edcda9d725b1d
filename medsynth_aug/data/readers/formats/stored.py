"""Decode the stored values of a DICOM image: native or compressed, 1 to 16 bits, signed or unsigned."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import FileDataset
from pydicom.dataset import Dataset

from medsynth_aug.data.readers.formats.attributes import check_description
from medsynth_aug.data.readers.formats.codecs import decode_frame
from medsynth_aug.errors import ImageError, UnreadableFileError
from medsynth_aug.types import ValueRange

MOST_PIXELS = 2**28
"""Larger images are taken for damaged headers."""


def stored_range(header: Dataset) -> ValueRange:
    """The least and the greatest value that the stated bits can hold (PS3.3, C.7.6.3.1)."""
    bits = int(header.BitsStored)
    if int(header.PixelRepresentation):
        return ValueRange(-float(2 ** (bits - 1)), float(2 ** (bits - 1) - 1))
    return ValueRange(0.0, float(2**bits - 1))


def stored_pixels(dataset: FileDataset, path: Path, frame: int | None) -> NDArray[np.integer]:
    """One frame `(H, W)` as it is stored: uint8, uint16 or int16.

    Args:
        dataset: Header and pixel data.
        path: The file, named in messages.
        frame: Which frame, from 0; may be None where there is one.

    Raises:
        UnreadableFileError: If there is no image in it, or no installed library decodes it.
        ImageError: If it is in colour, of more than 16 bits, or of several frames and none was chosen, or its
            header does not say what the values are.
    """
    index = _frame(dataset, path, frame)
    _check_form(dataset, path)
    stored, high = int(dataset.BitsStored), int(dataset.get("HighBit", dataset.BitsStored - 1))
    shift = high + 1 - stored
    # values that do not begin at the lowest bit were allowed once: take all bits below them too, then shift
    array = decode_frame(dataset, path, index, max(stored, high + 1))
    if array.ndim == 3:
        array = _one_channel(array, path)
    if shift > 0:
        array = array >> shift
    array = array.astype(array.dtype.newbyteorder("="))
    return array.astype(np.int16) if array.dtype == np.int8 else array


def _frame(dataset: Dataset, path: Path, frame: int | None) -> int:
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frame is None and frames > 1:
        raise ImageError(
            f"{path} holds {frames} frames; choose one: read_dicom(path, DicomSettings(frame=0)), or write "
            "each frame to a file of its own first"
        )
    if frame is not None and not 0 <= frame < frames:
        raise ImageError(f"{path} has no frame {frame}; its frames are 0 to {frames - 1}")
    return frame or 0


def _check_form(dataset: Dataset, path: Path) -> None:
    if not all(keyword in dataset for keyword in ("Rows", "Columns", "BitsAllocated", "PixelData")):
        raise UnreadableFileError(
            f"{path} holds no image: no pixel data was found in it; it is truncated, or a report, a plan or "
            "another kind of DICOM object: copy it again or remove it"
        )
    check_description(dataset, path)
    if int(dataset.BitsAllocated) > 16:
        raise ImageError(
            f"{path} has {dataset.BitsAllocated} bits a pixel; radiographs have at most 16: rescale it first"
        )
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        raise ImageError(f"{path} is in palette colours; a radiograph is grey: convert it first")
    if int(dataset.Rows) * int(dataset.Columns) > MOST_PIXELS:
        raise UnreadableFileError(
            f"{path} states {dataset.Rows} x {dataset.Columns} pixels; its header is damaged: copy it again"
        )


def _one_channel(array: NDArray[np.integer], path: Path) -> NDArray[np.integer]:
    if (array != array[:, :, :1]).any():
        raise ImageError(f"{path} is in colour; a radiograph is grey: convert the file to one grey channel")
    return array[:, :, 0]
