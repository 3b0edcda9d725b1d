"""Pictures as people see them: turned as EXIF says, without loss, and never one page of several."""

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from medsynth_aug.data import decode_image
from medsynth_aug.data.readers.decode import grey_of
from medsynth_aug.errors import ImageError
from tests.data.dicom_files import film

ORIENTATION = 274


def orientation(number: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = number
    return exif


def turned(path: Path, array: np.ndarray, number: int) -> Path:
    """A picture whose stored rows and columns lie as the number says."""
    exif = {"tiffinfo" if path.suffix == ".tif" else "exif": orientation(number)}
    Image.fromarray(array).save(path, **exif)
    return path


def upright(array: np.ndarray, number: int) -> np.ndarray:
    """The pixels as EXIF 2.32, 4.6.5.1.4, has them seen."""
    rows = array.T if number >= 5 else array
    rows = rows[:, ::-1] if number in (2, 3, 6, 7) else rows
    return rows[::-1] if number in (3, 4, 7, 8) else rows


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_is_turned_as_exif_says_and_loses_nothing(
    tmp_path: Path, number: int, suffix: str, dtype: Any
) -> None:
    array = film((20, 30), high=int(np.iinfo(dtype).max), dtype=dtype)
    image = decode_image(turned(tmp_path / f"a{suffix}", array, number))
    assert image.numpy().dtype == dtype and (image.numpy()[0] == upright(array, number)).all()


@pytest.mark.parametrize("number", range(1, 9))
def test_a_jpeg_stands_as_viewers_show_it(tmp_path: Path, number: int) -> None:
    path = turned(tmp_path / "a.jpg", film((20, 30), high=255, dtype=np.uint8), number)
    with Image.open(path) as stored:
        shown = np.asarray(ImageOps.exif_transpose(stored))
        assert (decode_image(path).numpy()[0] == shown).all()
        assert torch.equal(grey_of(stored, "an item"), decode_image(path))


def test_exif_without_an_orientation_leaves_a_picture_as_it_is(tmp_path: Path) -> None:
    array = film((20, 30), high=255, dtype=np.uint8)
    for number in (0, 9):
        assert (decode_image(turned(tmp_path / "a.png", array, number)).numpy()[0] == array).all()
    Image.fromarray(array).save(tmp_path / "b.png", exif=b"no header at all")
    assert (decode_image(tmp_path / "b.png").numpy()[0] == array).all()


def test_turned_16_bit_colour_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.repeat(film((20, 30))[:, :, None], 3, 2))
    content, chunk = (tmp_path / "a.png").read_bytes(), b"eXIf" + orientation(6).tobytes()[6:]
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(content[:33] + framed + content[33:])
    with pytest.raises(
        ImageError, match=r"a\.png has 16-bit channels and an EXIF orientation; save it upright"
    ):
        decode_image(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_one_of_several_pages_is_not_taken_for_the_picture(tmp_path: Path, name: str) -> None:
    pages = [Image.fromarray(film((20, 30), high=255, dtype=np.uint8, seed=seed)) for seed in range(3)]
    pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
    with pytest.raises(ImageError, match=rf"{name} holds several pages; save the one that is meant"):
        decode_image(tmp_path / name)
    with (
        Image.open(tmp_path / name) as opened,
        pytest.raises(ImageError, match="item 3 holds several pages"),
    ):
        grey_of(opened, "item 3")
