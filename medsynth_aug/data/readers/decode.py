"""Decode an image file into one grey channel in its own bit depth, or say clearly why it cannot be done."""

from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import ExifTags, Image, UnidentifiedImageError

from medsynth_aug.data.readers.formats.dicom import DicomSettings, dicom_scale, read_dicom
from medsynth_aug.data.readers.formats.nifti import is_nifti, read_nifti
from medsynth_aug.data.readers.formats.opening import SUFFIXES as DICOM_SUFFIXES
from medsynth_aug.data.readers.formats.opening import is_dicom
from medsynth_aug.data.readers.formats.quiet import quiet
from medsynth_aug.errors import ImageError, UnreadableFileError
from medsynth_aug.types import Spacing, ValueRange

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")

SUFFIXES = (*PICTURES, *DICOM_SUFFIXES, ".nii", ".nii.gz")
"""File names that the readers take for images; files of other names are images if they are DICOM inside."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What turns a picture upright, by its EXIF orientation; the other orientation, 1, is upright."""


def is_image_file(path: Path) -> bool:
    """Whether the readers take a file for an image."""
    return path.name.lower().endswith(SUFFIXES) or (path.is_file() and is_dicom(path))


def decode_image(path: str | Path, dicom: DicomSettings | None = None) -> torch.Tensor:
    """The image in a file: `(1, H, W)` uint8, uint16, int16 or float32.

    PNG, JPEG, TIFF, BMP, DICOM (also without a suffix) and NIfTI of one slice. Files with equal colour
    channels give one of them; an opaque alpha channel is dropped. A picture is turned as its EXIF orientation
    says.

    Args:
        path: The file.
        dicom: How a DICOM file is read.

    Raises:
        UnreadableFileError: If the file is missing, truncated or not an image.
        ImageError: If it holds colour, several pages or a bit depth that is not kept.
    """
    path = Path(path)
    if is_nifti(path):
        return read_nifti(path).pixels
    if path.suffix.lower() not in PICTURES and is_dicom(path):
        return read_dicom(path, dicom).pixels
    return _decode_picture(path)


def scale_of_file(path: Path, dicom: DicomSettings | None = None) -> tuple[ValueRange | None, Spacing | None]:
    """Value range and spacing where the file states them: DICOM and NIfTI do.

    Raises:
        UnreadableFileError: If the file is missing or damaged.
    """
    if is_nifti(path):
        image = read_nifti(path)
        return image.value_range, image.spacing
    if path.suffix.lower() not in PICTURES and is_dicom(path):
        return dicom_scale(path, dicom or DicomSettings())
    return None, None


def grey_of(image: Image.Image, name: str) -> torch.Tensor:
    """`(1, H, W)` uint8 or uint16 of a loaded PIL image, turned as its EXIF orientation says.

    Args:
        image: The image.
        name: What messages call it.

    Raises:
        ImageError: If it holds colour, several pages or a bit depth that is not kept.
    """
    _check_pages(image, name)
    return torch.from_numpy(_grey(_values(image, name), name))[None]


def _decode_picture(path: Path) -> torch.Tensor:
    try:
        # a file that Pillow maps by its name comes out garbled where it is a TIFF on its side
        with quiet("PIL"), path.open("rb") as file, Image.open(file) as image:
            _check_pages(image, str(path))
            raw_modes = [str(tile[3]) for tile in image.tile]
            image.load()
            wide = _loses_depth(image.mode, raw_modes)
            array = _wide(path, _turn(image)) if wide else _values(image, str(path))
    except FileNotFoundError as problem:
        raise UnreadableFileError(
            f"{path} does not exist; correct the path or the folder it is looked up in"
        ) from problem
    except UnidentifiedImageError as problem:
        raise UnreadableFileError(
            f"{path} is not an image that can be read; use PNG, JPEG, TIFF, BMP, DICOM or "
            "NIfTI, or remove the file"
        ) from problem
    except ImageError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as problem:
        raise UnreadableFileError(
            f"{path} cannot be decoded ({problem}); it is damaged or truncated: copy or download it again"
        ) from problem
    return torch.from_numpy(_grey(array, str(path)))[None]


def _check_pages(image: Image.Image, name: str) -> None:
    if getattr(image, "is_animated", False):
        raise ImageError(f"{name} holds several pages; save the one that is meant as a file of its own")


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What turns a loaded picture upright; None where it is that, as each TIFF then is, or does not say."""
    try:
        return UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # garbled EXIF makes the parser raise nearly anything
        return None


def _loses_depth(mode: str, raw_modes: list[str]) -> bool:
    return mode in ("RGB", "RGBA", "LA") and any(";16" in raw for raw in raw_modes)


def _wide(path: Path, turn: Image.Transpose | None) -> np.ndarray:
    """Several 16-bit channels, which Pillow would narrow to 8 bits; OpenCV turns no picture."""
    if turn is not None:
        raise ImageError(
            f"{path} has 16-bit channels and an EXIF orientation; save it upright as 16-bit grey"
        )
    array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise UnreadableFileError(
            f"{path} cannot be decoded; it is damaged, or 16-bit colour that lies on its side: copy it "
            "again, or save it upright as 16-bit grey"
        )
    return array


def _values(image: Image.Image, name: str) -> np.ndarray:
    turn = _turn(image)
    if turn is not None:
        image = image.transpose(turn)
    if image.mode in ("P", "1", "CMYK", "YCbCr"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    array = np.asarray(image)
    if image.mode == "I":
        if array.min() < 0 or array.max() > np.iinfo(np.uint16).max:
            raise ImageError(f"{name} holds 32-bit values outside 0 to 65535; save it as 16-bit grey first")
        return array.astype(np.uint16)
    if array.dtype.kind != "u" or array.dtype.itemsize > 2:
        raise ImageError(f"{name} has mode {image.mode!r}; save it as 8- or 16-bit grey first")
    return array.astype(array.dtype.newbyteorder("="))


def _grey(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 3 and array.shape[2] in (2, 4):
        alpha = array[:, :, -1]
        if alpha.min() != np.iinfo(array.dtype).max:
            raise ImageError(f"{name} is partly transparent; flatten it onto black and save it as grey first")
        array = array[:, :, :-1]
    if array.ndim == 3:
        if (array != array[:, :, :1]).any():
            raise ImageError(
                f"{name} is in colour; a radiograph is grey: convert the file to one grey channel"
            )
        array = array[:, :, 0]
    return np.ascontiguousarray(array)
