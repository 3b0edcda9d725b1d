"""Write a sample as a DICOM Secondary Capture image that says of itself that it is synthetic."""

import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydicom import FileDataset, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from medsynth_aug.data.readers.formats.attributes import window_fault
from medsynth_aug.data.readers.formats.dicom import DicomImage, dicom_identity
from medsynth_aug.data.readers.formats.dicom_statement import (
    DicomExport,
    is_virtual,
    keep_identity,
    state_identity,
    state_synthesis,
)
from medsynth_aug.data.readers.formats.dicom_terms import carry, unit_of
from medsynth_aug.data.readers.formats.directions import UPRIGHT
from medsynth_aug.data.readers.formats.grey_scale import invert, luts_as_written
from medsynth_aug.data.readers.formats.whole_file import write_whole_file
from medsynth_aug.errors import GridError, ImageError, SettingError
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.types import ValueRange

ABOUT_THE_PIXELS = (
    "Modality", "BodyPartExamined", "ImageLaterality", "LossyImageCompression", "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)  # fmt: skip


def write_dicom(
    path: str | Path,
    sample: SyntheticSample,
    *,
    like: DicomImage | None = None,
    export: DicomExport | None = None,
) -> None:
    """Write a sample as an uncompressed DICOM file (Secondary Capture, `DERIVED\\SECONDARY`).

    The same sample always gets the same instance, series and (without `keep_study`) study UID. It has the
    pixels of the sample bit by bit; painted into `like` as read with `values="stored"`, they are written back
    in its polarity, depth and grey scale. Of the header of `like` only numbers and terms that the standard
    defines are carried over, and nothing of the patient unless `keep_study` asks it.

    Args:
        path: The file.
        sample: What is written; uint8, uint16 or int16.
        like: The image that was painted into, for its bits, polarity, grey scale, view and spacing basis.
        export: What is carried over from it.

    Raises:
        ImageError: If the pixels are float32, which this object cannot hold.
        GridError: If `like` is not the image that was painted into, by grid, pixel type or range.
        SettingError: If `keep_study` has no `like`, or it is not known whether the sample is virtual.
        UnwritableFileError: If the file cannot be written.
    """
    export = export or DicomExport()
    virtual = is_virtual(sample, export)
    if sample.image.dtype not in (torch.uint8, torch.uint16, torch.int16):
        raise ImageError(
            f"image is {sample.image.dtype}; DICOM images hold integers: read the source with "
            'values="stored" or "display", or write NIfTI'
        )
    if like is not None:
        _check_like(sample, like)
    dataset = _dataset(sample, like)
    state_synthesis(dataset, sample, virtual)
    burned_in = _burned_in(export, like, virtual)
    if not export.keep_study:
        state_identity(dataset, sample, virtual, burned_in)
    elif like is None:
        raise SettingError("keep_study needs the source: like=read_dicom(<its file>)")
    else:
        keep_identity(dataset, dicom_identity(like.path))
        if burned_in is not None:
            dataset.BurnedInAnnotation = "YES" if burned_in else "NO"
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    write_whole_file(Path(path), buffer.getvalue())


def _check_like(sample: SyntheticSample, like: DicomImage) -> None:
    given = (like.pixels.shape[1:], like.pixels.dtype, like.value_range)
    wanted = (sample.image.shape[1:], sample.image.dtype, sample.value_range)
    if given != wanted:
        shown = [f"{tuple(size)} {dtype} {tuple(limits)}" for size, dtype, limits in (wanted, given)]
        raise GridError(
            f"sample is {shown[0]} but like is {shown[1]}; pass the image that was painted into, read with "
            "the same settings"
        )


def _burned_in(export: DicomExport, like: DicomImage | None, virtual: bool) -> bool | None:
    if export.burned_in_annotation is not None:
        return export.burned_in_annotation
    if virtual:
        return False
    said = None if like is None else like.header.get("BurnedInAnnotation")
    return {"YES": True, "NO": False}.get(str(said))


def _dataset(sample: SyntheticSample, like: DicomImage | None) -> FileDataset:
    """Everything but what is said of synthesis and identity."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    for keyword, word in (
        ("SOPInstanceUID", "image"),
        ("SeriesInstanceUID", "series"),
        ("StudyInstanceUID", "study"),
    ):
        setattr(dataset, keyword, generate_uid(entropy_srcs=[sample.digest, word]))
    dataset.Modality = "OT"
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    if like is not None:
        for keyword in ABOUT_THE_PIXELS:
            carry(dataset, like.header, keyword)
    _pixels(dataset, sample, like)
    _geometry(dataset, sample, like)
    return dataset


def _pixels(dataset: Dataset, sample: SyntheticSample, like: DicomImage | None) -> None:
    array, limits = sample.image[0].numpy(), sample.value_range
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = array.shape
    dataset.PixelRepresentation = int(array.dtype.kind == "i")
    dataset.BitsAllocated = 8 * array.dtype.itemsize
    dataset.BitsStored = _bits(limits, dataset.BitsAllocated, signed=array.dtype.kind == "i")
    if like is not None and like.settings.values == "stored":
        array = _as_stored(dataset, array, like)
    dataset.HighBit = dataset.BitsStored - 1
    data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated == 8 else "OW"


def _as_stored(dataset: Dataset, array: NDArray[Any], like: DicomImage) -> NDArray[Any]:
    """The values as the source stores them, with what makes a display show them as it shows the source."""
    header = like.header
    dataset.BitsStored = header.BitsStored
    if header.PhotometricInterpretation == "MONOCHROME1":
        dataset.PhotometricInterpretation = "MONOCHROME1"
    carry(dataset, header, "RescaleIntercept", "RescaleSlope")
    if "RescaleSlope" in dataset:
        dataset.RescaleType = unit_of(header.get("RescaleType"))
    if window_fault(header) is None:
        carry(dataset, header, "WindowCenter", "WindowWidth")
    if "WindowWidth" in dataset:
        carry(dataset, header, "VOILUTFunction")
    for keyword, item in luts_as_written(header).items():
        setattr(dataset, keyword, [item])
    return invert(array, like.value_range) if like.inverted else array


def _bits(limits: ValueRange, most: int, *, signed: bool) -> int:
    """Fewest bits that hold a range."""
    greatest = max(limits.high, -1 - limits.low)
    return min(most, max(1, signed + math.ceil(math.log2(greatest + 1))))


def _geometry(dataset: Dataset, sample: SyntheticSample, like: DicomImage | None) -> None:
    """Directions, laterality, and the spacing with what it is worth."""
    directions = UPRIGHT if like is None else like.directions
    dataset.PatientOrientation = list(directions) if directions else ""
    if "ImageLaterality" not in dataset and "BodyPartExamined" not in dataset:
        dataset.Laterality = ""  # whether the body part is paired is not known either
    if sample.spacing is None:
        return
    spacing = [f"{value:.10g}" for value in sample.spacing]
    dataset.PixelSpacing = spacing
    basis = like.spacing_basis if like is not None and like.spacing == sample.spacing else None
    if basis == "detector":
        dataset.NominalScannedPixelSpacing = spacing  # equal to Pixel Spacing: not calibrated
    if basis in ("detector", "unknown"):
        return
    dataset.PixelSpacingCalibrationType = "FIDUCIAL" if basis == "fiducial" else "GEOMETRY"
    dataset.PixelSpacingCalibrationDescription = f"As in the source: {basis}" if basis else "As stated"
