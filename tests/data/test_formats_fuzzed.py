"""Damaged files of every format give one of our errors or an image, never anything else."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from imagecodecs import jpeg8_encode
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from medsynth_aug.data.readers.decode import decode_image, scale_of_file
from medsynth_aug.data.readers.formats import DicomSettings, dicom_patient, write_nifti
from medsynth_aug.errors import ImageError
from tests.data.dicom_files import dicom, film, lut

HEADER = {
    "PixelSpacing": [0.2, 0.2], "PatientOrientation": ["R", "F"], "RescaleSlope": 1, "RescaleIntercept": -5,
    "WindowCenter": 2000, "WindowWidth": 1000, "PhotometricInterpretation": "MONOCHROME1",
}  # fmt: skip
SMALL = (40, 36)


def of_dicom(syntax: str | None, **header: object) -> bytes:
    dataset = dicom(film(SMALL), **{**HEADER, **header})
    if syntax == DeflatedExplicitVRLittleEndian:
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    elif syntax == JPEGLosslessSV1:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = encapsulate([jpeg8_encode(film(SMALL), lossless=True, bitspersample=12)])
        dataset["PixelData"].is_undefined_length = True
    elif syntax is not None:
        dataset.compress(syntax)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def of_picture(name: str, depth: int) -> bytes:
    buffer = BytesIO()
    array = film(SMALL) if depth == 16 else (film(SMALL) >> 4).astype("uint8")
    Image.fromarray(array).save(buffer, format=name)
    return buffer.getvalue()


def of_nifti(name: str) -> bytes:
    with TemporaryDirectory() as folder:
        write_nifti(Path(folder) / name, torch.from_numpy(film(SMALL))[None], value_range=(0, 4095))
        return (Path(folder) / name).read_bytes()


FORMATS: dict[str, Callable[[], bytes]] = {
    "a.png": lambda: of_picture("PNG", 16),
    "a.jpg": lambda: of_picture("JPEG", 8),
    "a.tif": lambda: of_picture("TIFF", 16),
    "a.bmp": lambda: of_picture("BMP", 8),
    "a.dcm": lambda: of_dicom(None),
    "a.rle.dcm": lambda: of_dicom(RLELossless),
    "a.jls.dcm": lambda: of_dicom(JPEGLSLossless),
    "a.j2k.dcm": lambda: of_dicom(JPEG2000Lossless),
    "a.jpeg.dcm": lambda: of_dicom(JPEGLosslessSV1),
    "a.deflated.dcm": lambda: of_dicom(DeflatedExplicitVRLittleEndian),
    "a.lut.dcm": lambda: of_dicom(None, VOILUTSequence=[lut(list(range(500)), 9, 10)]),
    "a": lambda: of_dicom(None),
    "a.nii": lambda: of_nifti("a.nii"),
    "a.nii.gz": lambda: of_nifti("a.nii.gz"),
}


@cache
def whole(name: str) -> bytes:
    return FORMATS[name]()


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A file that was cut short, or in which bytes were changed, put in or taken out."""
    content = bytearray(whole(name))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["cut", "change", "insert", "remove"]))
        piece = draw(st.binary(min_size=1, max_size=8))
        if kind == "cut":
            del content[place:]
        elif kind == "remove":
            del content[place : place + len(piece)]
        else:
            content[place : place + (len(piece) if kind == "change" else 0)] = piece
    return bytes(content)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_a_damaged_file_gives_an_image_or_our_error(name: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data.draw(damaged(name)))
        settings = DicomSettings(values=data.draw(st.sampled_from(["stored", "modality", "display"])))
        try:
            image = decode_image(path, settings)
            assert image.ndim == 3 and image.shape[0] == 1
        except ImageError as problem:
            assert str(path) in str(problem)
        for read in (lambda: scale_of_file(path, settings), lambda: dicom_patient(path)):
            try:
                read()
            except ImageError as problem:
                assert str(path) in str(problem)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_ends_too_early_is_never_an_image(name: str, tmp_path: Path, repeat: int) -> None:
    content = whole(name)
    last = {"a.jpg": 40, "a.tif": 0, "a.nii.gz": 9, "a.rle.dcm": 40, "a.jls.dcm": 40}.get(name, 30)
    path = tmp_path / name
    step = max(1, len(content) // (20 * repeat))
    for length in range(0, len(content) - last, step):
        path.write_bytes(content[:length])
        with pytest.raises(ImageError):
            decode_image(path)
