"""Small DICOM files of a patient who does not exist, with whatever header a test asks for."""

from pathlib import Path
from typing import Any

import numpy as np
from pydicom import FileDataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

PATIENT = "Secret^Anna"
IDENTITY = {
    "PatientName": PATIENT,
    "PatientID": "ID-4711",
    "PatientBirthDate": "19480229",
    "PatientSex": "F",
    "StudyDate": "20200131",
    "StudyTime": "101112",
    "StudyID": "S77",
    "AccessionNumber": "ACC-99",
    "ReferringPhysicianName": "House^Gregory",
    "InstitutionName": "St. Elsewhere",
    "StationName": "ROOM-9",
}


def film(
    shape: tuple[int, int] = (90, 80),
    *,
    low: int = 0,
    high: int = 4095,
    dtype: Any = np.uint16,
    seed: int = 0,
) -> np.ndarray:
    """Stored values with both ends of the range in them, and no symmetry."""
    values = np.random.default_rng(seed).integers(low, high, shape, endpoint=True)
    values.flat[0], values.flat[1] = low, high
    return values.astype(dtype)


def dicom(array: np.ndarray, **header: Any) -> FileDataset:
    """A digital radiograph with these stored values.

    An attribute that is given as None is left out; bytes are written as they are, however wrong.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = header.pop("TransferSyntaxUID", ExplicitVRLittleEndian)
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    depth = 8 * array.dtype.itemsize
    stored = {
        **IDENTITY,
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": array.shape[-2],
        "Columns": array.shape[-1],
        "BitsAllocated": depth,
        "BitsStored": 12 if depth == 16 else 8,
        "PixelRepresentation": int(array.dtype.kind == "i"),
        **header,
    }
    stored.setdefault("HighBit", stored["BitsStored"] - 1)
    for keyword, value in stored.items():
        if isinstance(value, bytes):
            tag = Tag(keyword)
            dataset[tag] = RawDataElement(tag, dictionary_VR(tag), len(value), value, 0, False, True)
        elif value is not None:
            setattr(dataset, keyword, value)
    dataset.PixelData = array.astype(array.dtype.newbyteorder("<")).tobytes()
    dataset["PixelData"].VR = "OB" if depth == 8 else "OW"
    return dataset


def saved(path: Path, dataset: FileDataset) -> Path:
    """Write it, and give back where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def stored(path: Path, array: np.ndarray, **header: Any) -> Path:
    """A digital radiograph with these stored values, written to `path`."""
    return saved(path, dicom(array, **header))


def lut(entries: list[int], first: int, bits: int) -> Dataset:
    """One item of a LUT sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    if bits == 16:
        item.ModalityLUTType = "US"
    return item
