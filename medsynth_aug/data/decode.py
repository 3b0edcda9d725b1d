"""Decode an image file into one grey channel in its own bit depth, or say clearly why it cannot be done."""

from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from medsynth_aug.errors import ImageError, UnreadableFileError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
"""File names that the readers take for images."""


def decode_image(path: str | Path) -> torch.Tensor:
    """The image in a PNG, JPEG, TIFF or BMP file: `(1, H, W)` uint8 or uint16.

    Files with equal colour channels give one of them; an opaque alpha channel is dropped.

    Raises:
        UnreadableFileError: If the file is missing, truncated or not an image.
        ImageError: If it holds colour or a bit depth that is not kept.
    """
    path = Path(path)
    try:
        with Image.open(path) as image:
            raw_modes = [str(tile[3]) for tile in image.tile]
            image.load()
            array = _wide(path) if _loses_depth(image.mode, raw_modes) else _values(image, path)
    except FileNotFoundError as problem:
        raise UnreadableFileError(
            f"{path} does not exist; correct the path or the folder it is looked up in"
        ) from problem
    except UnidentifiedImageError as problem:
        raise UnreadableFileError(
            f"{path} is not an image that can be read; use PNG, JPEG, TIFF or BMP, or remove the file"
        ) from problem
    except ImageError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as problem:
        raise UnreadableFileError(
            f"{path} cannot be decoded ({problem}); it is damaged or truncated: copy or download it again"
        ) from problem
    return torch.from_numpy(_grey(array, path))[None]


def _loses_depth(mode: str, raw_modes: list[str]) -> bool:
    return mode in ("RGB", "RGBA", "LA") and any(";16" in raw for raw in raw_modes)


def _wide(path: Path) -> np.ndarray:
    """Several 16-bit channels, which Pillow would narrow to 8 bits."""
    array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise UnreadableFileError(f"{path} cannot be decoded; it is damaged or truncated: copy it again")
    return array


def _values(image: Image.Image, path: Path) -> np.ndarray:
    if image.mode in ("P", "1", "CMYK", "YCbCr"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    array = np.asarray(image)
    if image.mode == "I":
        if array.min() < 0 or array.max() > np.iinfo(np.uint16).max:
            raise ImageError(f"{path} holds 32-bit values outside 0 to 65535; save it as 16-bit grey first")
        return array.astype(np.uint16)
    if array.dtype.kind != "u" or array.dtype.itemsize > 2:
        raise ImageError(f"{path} has mode {image.mode!r}; save it as 8- or 16-bit grey first")
    return array.astype(array.dtype.newbyteorder("="))


def _grey(array: np.ndarray, path: Path) -> np.ndarray:
    if array.ndim == 3 and array.shape[2] in (2, 4):
        alpha = array[:, :, -1]
        if alpha.min() != np.iinfo(array.dtype).max:
            raise ImageError(f"{path} is partly transparent; flatten it onto black and save it as grey first")
        array = array[:, :, :-1]
    if array.ndim == 3:
        if (array != array[:, :, :1]).any():
            raise ImageError(
                f"{path} is in colour; a radiograph is grey: convert the file to one grey channel"
            )
        array = array[:, :, 0]
    return np.ascontiguousarray(array)
