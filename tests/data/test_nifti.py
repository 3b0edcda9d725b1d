"""NIfTI and 16-bit pictures: exact values, the file's directions and millimetres."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform

from medsynth_aug.data import FolderDataset, decode_image
from medsynth_aug.data.readers.formats import read_nifti, write_image, write_nifti
from medsynth_aug.errors import (
    ImageError,
    SettingError,
    UnreadableFileError,
    UnwritableFileError,
    ValueRangeError,
)
from medsynth_aug.types import Spacing
from tests.data.dicom_files import film

RANGES: dict[Any, tuple[int, int]] = {
    np.uint8: (0, 255),
    np.uint16: (0, 65535),
    np.int16: (-32768, 32767),
    np.float32: (-5, 7),
}


def volume() -> np.ndarray:
    """A volume of 7 x 5 x 6 voxels in RAS, each value its own place."""
    return np.arange(7 * 5 * 6, dtype=np.int16).reshape(7, 5, 6)


def in_ras(path: Path, codes: str = "RAS", unit: str = "mm") -> Path:
    """That volume (2, 3 and 4 mm a voxel), stored along other axes."""
    change = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    affine = np.diag([2.0, 3.0, 4.0, 1.0]) @ inv_ornt_aff(change, (7, 5, 6))
    image = nibabel.Nifti1Image(apply_orientation(volume(), change), affine)
    image.header.set_xyzt_units(unit)
    image.to_filename(path)
    return path


@pytest.mark.parametrize("dtype", RANGES)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_an_image_written_as_nifti_comes_back(tmp_path: Path, dtype: Any, suffix: str) -> None:
    low, high = RANGES[dtype]
    pixels = torch.from_numpy(film(low=low, high=high, dtype=dtype))[None]
    path = tmp_path / f"a{suffix}"
    write_nifti(path, pixels, spacing=Spacing(0.25, 0.5), value_range=(low, high))
    again = read_nifti(path)
    assert again.pixels.dtype == pixels.dtype and torch.equal(again.pixels, pixels)
    assert again.spacing == (0.25, 0.5) and again.value_range == (low, high)
    assert again.directions == ("L", "F") and torch.equal(decode_image(path), pixels)


def test_a_file_without_units_claims_no_millimetres(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", torch.from_numpy(film())[None])
    again = read_nifti(tmp_path / "a.nii")
    assert again.spacing is None and again.value_range is None
    assert read_nifti(in_ras(tmp_path / "b.nii", unit="meter"), axis=1, index=0).spacing == (4000, 2000)


@pytest.mark.parametrize("codes", ["RAS", "LPI", "SRA", "PIR", "ASL", "IPR"])
def test_a_coronal_slice_is_upright_whatever_axes_the_file_has(tmp_path: Path, codes: str) -> None:
    path = in_ras(tmp_path / "a.nii", codes)
    (axis,) = (place for place, letter in enumerate(codes) if letter in "AP")
    index = 1 if codes[axis] == "A" else 5 - 1 - 1
    image = read_nifti(path, axis=axis, index=index)
    assert (image.pixels.numpy()[0] == volume()[::-1, 1, ::-1].T).all()
    assert image.directions == ("L", "F") and image.spacing == (4, 2)


def test_other_slices_have_anterior_up_or_head_up(tmp_path: Path) -> None:
    path = in_ras(tmp_path / "a.nii")
    axial, sagittal = read_nifti(path, axis=2, index=3), read_nifti(path, axis=0, index=2)
    assert (axial.pixels.numpy()[0] == volume()[::-1, ::-1, 3].T).all() and axial.directions == ("L", "P")
    assert (sagittal.pixels.numpy()[0] == volume()[2, :, ::-1].T).all() and sagittal.directions == ("A", "F")


def test_values_are_narrowed_without_loss_or_refused(tmp_path: Path) -> None:
    def written(array: np.ndarray, slope: float | None = None) -> Path:
        image = nibabel.Nifti1Image(array, np.eye(4))
        if slope is not None:
            image.header.set_slope_inter(slope, 1)
        image.to_filename(tmp_path / "a.nii")
        return tmp_path / "a.nii"

    wide = np.array([[0, 40000], [7, 8]], np.int32)[:, :, None]
    assert read_nifti(written(wide)).pixels.dtype == torch.uint16
    assert read_nifti(written(wide - 30000)).pixels.dtype == torch.int16
    with pytest.raises(ImageError, match="values from 0 to 120000; rescale them to 16 bits"):
        read_nifti(written(wide * 3))
    scaled = read_nifti(written(np.array([[2, 4]], np.int16), slope=0.5))
    assert scaled.pixels.dtype == torch.float32
    with pytest.raises(ImageError, match="a radiograph is grey"):
        read_nifti(written(np.zeros((4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_no_float32_are_counted_and_refused(tmp_path: Path, value: float) -> None:
    array = np.zeros((4, 5, 2))
    array[0, :3, 0] = value
    nibabel.Nifti1Image(array, np.eye(4)).to_filename(tmp_path / "a.nii")
    with pytest.raises(ValueRangeError, match=r"a\.nii holds 3 values of 20 that are NaN.*value of air"):
        read_nifti(tmp_path / "a.nii", axis=2, index=0)
    assert read_nifti(tmp_path / "a.nii", axis=2, index=1).pixels.dtype == torch.float32


def test_a_slice_is_chosen_or_asked_for(tmp_path: Path) -> None:
    path = in_ras(tmp_path / "a.nii")
    with pytest.raises(ImageError, match=r"7 x 5 x 6 voxels; choose a slice"):
        read_nifti(path)
    with pytest.raises(ImageError, match=r"has 5 slices across axis 1; choose one with index"):
        read_nifti(path, axis=1)
    with pytest.raises(SettingError, match="index is 5; the slices across axis 1 are 0 to 4"):
        read_nifti(path, axis=1, index=5)
    with pytest.raises(SettingError, match="axis is 3"):
        read_nifti(path, axis=3, index=0)
    nibabel.Nifti1Image(np.zeros((4, 4, 1, 2), np.int16), np.eye(4)).to_filename(tmp_path / "b.nii")
    with pytest.raises(ImageError, match=r"the shape \(4, 4, 1, 2\)"):
        read_nifti(tmp_path / "b.nii")
    nibabel.Nifti1Image(np.zeros((4, 5, 1, 1), np.int16), np.eye(4)).to_filename(tmp_path / "c.nii")
    assert read_nifti(tmp_path / "c.nii").pixels.shape == (1, 5, 4)


def test_what_is_no_nifti_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"gone\.nii does not exist"):
        read_nifti(tmp_path / "gone.nii")
    (tmp_path / "a.nii.gz").write_text("no voxels")
    with pytest.raises(UnreadableFileError, match=r"a\.nii\.gz cannot be read as NIfTI"):
        read_nifti(tmp_path / "a.nii.gz")
    with pytest.raises(ImageError, match=r"not named \.nii or \.nii\.gz"):
        write_nifti(tmp_path / "a.img", torch.zeros(1, 4, 4))


def test_a_folder_of_nifti_files_brings_its_spacing(tmp_path: Path) -> None:
    (tmp_path / "normal").mkdir()
    pixels = torch.from_numpy(film())[None]
    write_nifti(tmp_path / "normal" / "a.nii.gz", pixels, spacing=Spacing(2, 2), value_range=(0, 4095))
    data = FolderDataset(tmp_path)
    assert data.spacing_mm(0) == (2, 2) and data.value_range(0) == (0, 4095)
    assert torch.equal(data[0]["image"], pixels)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_keeps_its_depth_both_ways(tmp_path: Path, suffix: str, dtype: Any, channels: int) -> None:
    pixels = torch.from_numpy(film(high=int(np.iinfo(dtype).max), dtype=dtype))[None]
    write_image(tmp_path / f"a{suffix}", pixels.expand(channels, -1, -1))
    again = decode_image(tmp_path / f"a{suffix}")
    assert again.dtype == pixels.dtype and torch.equal(again, pixels)


def test_a_picture_that_would_lose_something_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a\.jpg is not named \.png, \.tif, \.tiff"):
        write_image(tmp_path / "a.jpg", torch.zeros(1, 4, 4, dtype=torch.uint8))
    with pytest.raises(ImageError, match="int16; PNG holds uint8 and uint16"):
        write_image(tmp_path / "a.png", torch.zeros(1, 4, 4, dtype=torch.int16))
    with pytest.raises(UnwritableFileError, match=r"a\.png cannot be written .*create its folder"):
        write_image(tmp_path / "gone" / "a.png", torch.zeros(1, 4, 4, dtype=torch.uint8))
    assert not list(tmp_path.iterdir())
