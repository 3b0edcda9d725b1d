"""DICOM in: compressed files are read exactly, bad ones named, frames asked for."""

import sys
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import torch
from pydicom import FileDataset
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG4HP41,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from medsynth_aug.data.readers.formats import DicomSettings, read_dicom
from medsynth_aug.errors import ImageError, UnreadableFileError
from tests.data.dicom_files import dicom, film, saved, stored


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_files_are_read_exactly(tmp_path: Path, syntax: Any) -> None:
    dataset = dicom(film())
    dataset.compress(syntax, generate_instance_uid=False)
    assert (read_dicom(saved(tmp_path / "a.dcm", dataset)).pixels.numpy()[0] == film()).all()


def jpeg(array: np.ndarray, syntax: Any, **header: Any) -> FileDataset:
    """A file whose one frame is a JPEG of that process."""
    lossless = syntax in (JPEGLossless, JPEGLosslessSV1)
    codes = array.view(np.uint16) & 4095 if array.dtype == np.int16 else array
    bits = 8 if array.dtype == np.uint8 else 12
    frame = imagecodecs.jpeg8_encode(
        codes, lossless=lossless, predictor=1 if lossless else None, bitspersample=bits, level=100
    )
    dataset = dicom(array, **header)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
    return dataset


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize("array", [
    film(), film(high=255, dtype=np.uint8), film(low=-2048, high=2047, dtype=np.int16)
])  # fmt: skip
def test_lossless_jpeg_is_read_exactly(tmp_path: Path, syntax: Any, array: np.ndarray) -> None:
    image = read_dicom(saved(tmp_path / "a.dcm", jpeg(array, syntax)))
    assert image.pixels.numpy().dtype == array.dtype and (image.pixels.numpy()[0] == array).all()


def smooth(high: int, dtype: Any) -> np.ndarray:
    return np.linspace(0, high, 90 * 80).reshape(90, 80).astype(dtype)


@pytest.mark.parametrize(
    ("syntax", "array"),
    [(JPEGBaseline8Bit, smooth(255, np.uint8)), (JPEGExtended12Bit, smooth(4095, np.uint16))],
)
def test_lossy_jpeg_is_read_closely(tmp_path: Path, syntax: Any, array: np.ndarray) -> None:
    image = read_dicom(saved(tmp_path / "a.dcm", jpeg(array, syntax)))
    assert np.abs(image.pixels.numpy()[0].astype(int) - array).max() <= 4
    public = read_dicom(get_testdata_file("JPGExtended.dcm", download=False))
    assert public.pixels.shape == (1, 1024, 256) and int(public.pixels.to(torch.int32).max()) == 264


def test_deflated_files_are_read_exactly(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.dcm", film(), TransferSyntaxUID=DeflatedExplicitVRLittleEndian)
    assert (read_dicom(path).pixels.numpy()[0] == film()).all()


def test_what_nothing_installed_decodes_is_named_with_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "a.dcm", jpeg(film(), JPEGLosslessSV1))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    says = r"JPEG Lossless.* \(1\.2\.840\.10008\.1\.2\.4\.70\), and imagecodecs is not installed: pip install"
    with pytest.raises(UnreadableFileError, match=says):
        read_dicom(path)


def test_a_frame_of_another_size_than_the_header_says_is_damage(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_dicom(saved(tmp_path / "a.dcm", jpeg(film(), JPEGLosslessSV1, Rows=91)))


def test_video_is_named(tmp_path: Path) -> None:
    dataset = dicom(film())
    dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = MPEG4HP41
    with pytest.raises(UnreadableFileError, match=r"MPEG-4 .* is not read; export it uncompressed"):
        read_dicom(saved(tmp_path / "a.dcm", dataset))


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm",
    ],
)  # fmt: skip
def test_public_samples_of_one_image_read_alike_in_every_encoding(name: str) -> None:
    one, other = (read_dicom(get_testdata_file(file, download=False)) for file in ("MR_small.dcm", name))
    assert torch.equal(one.pixels, other.pixels) and one.value_range == other.value_range


def test_frames_are_chosen_or_asked_for(tmp_path: Path) -> None:
    frames = np.stack([film(seed=1), film(seed=2)])
    path = stored(tmp_path / "a.dcm", frames, NumberOfFrames=2)
    with pytest.raises(ImageError, match=r"holds 2 frames; choose one: read_dicom\(path, Dic"):
        read_dicom(path)
    assert (read_dicom(path, DicomSettings(frame=1)).pixels.numpy()[0] == frames[1]).all()
    with pytest.raises(ImageError, match="has no frame 2; its frames are 0 to 1"):
        read_dicom(path, DicomSettings(frame=2))


def test_what_is_no_grey_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is in colour"):
        read_dicom(get_testdata_file("SC_rgb_small_odd.dcm", download=False))
    with pytest.raises(ImageError, match="32 bits a pixel"):
        read_dicom(get_testdata_file("rtdose_1frame.dcm", download=False))
    with pytest.raises(UnreadableFileError, match="holds no image"):
        read_dicom(get_testdata_file("rtplan.dcm", download=False))
    with pytest.raises(UnreadableFileError, match=r"gone\.dcm does not exist"):
        read_dicom(tmp_path / "gone.dcm")
    (tmp_path / "notes.dcm").write_text("no pixels here")
    with pytest.raises(UnreadableFileError, match=r"notes\.dcm .*"):
        read_dicom(tmp_path / "notes.dcm")
    with pytest.raises(UnreadableFileError, match="truncated"):
        read_dicom(get_testdata_file("MR_truncated.dcm", download=False))
