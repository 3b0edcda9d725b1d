"""Folders and CSV files of real image files, good and bad."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from medsynth_aug.data import CsvDataset, FolderDataset, decode_image
from medsynth_aug.errors import (
    ImageError,
    LabelError,
    MedsynthError,
    PlanError,
    SettingError,
    SplitLeakError,
    UnreadableFileError,
)
from tests.data.small import pictures

PICTURES = pictures(8)


def write(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    return path


def table(folder: Path, rows: list[dict[str, Any]], name: str = "data.csv") -> Path:
    for index, row in enumerate(rows):
        write(folder / row["image"], PICTURES[index])
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_eight_bit_files_are_read_exactly(tmp_path: Path, suffix: str) -> None:
    image = decode_image(write(tmp_path / f"a{suffix}", PICTURES[0]))
    assert image.dtype == torch.uint8 and (image.numpy() == PICTURES[0][None]).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_files_keep_their_depth(tmp_path: Path, suffix: str) -> None:
    deep = PICTURES[0].astype(np.uint16) * 257 + 3
    image = decode_image(write(tmp_path / f"a{suffix}", deep))
    assert image.dtype == torch.uint16 and (image.numpy() == deep[None]).all()


def test_sixteen_bit_colour_channels_keep_their_depth(tmp_path: Path) -> None:
    import cv2

    deep = PICTURES[0].astype(np.uint16) * 257 + 3
    cv2.imwrite(str(tmp_path / "a.png"), np.repeat(deep[:, :, None], 3, 2))
    assert (decode_image(tmp_path / "a.png").numpy() == deep[None]).all()


def test_equal_channels_and_an_opaque_alpha_become_one(tmp_path: Path) -> None:
    four = np.dstack([PICTURES[0]] * 3 + [np.full_like(PICTURES[0], 255)])
    assert (decode_image(write(tmp_path / "a.png", four)).numpy() == PICTURES[0]).all()


def test_32_bit_files_are_read_if_nothing_is_lost(tmp_path: Path) -> None:
    wide = PICTURES[0].astype(np.int32) * 100
    assert (decode_image(write(tmp_path / "a.tif", wide)).numpy() == wide).all()
    with pytest.raises(ImageError, match="32-bit values outside"):
        decode_image(write(tmp_path / "b.tif", wide - 70000))


def test_palette_and_black_and_white_files_are_read(tmp_path: Path) -> None:
    for name, mode in (("a.png", "P"), ("b.png", "1")):
        picture = Image.fromarray(PICTURES[0]).convert(mode)
        picture.save(tmp_path / name)
        assert (decode_image(tmp_path / name).numpy() == np.asarray(picture.convert("L"))).all()


def test_a_jpeg_is_read(tmp_path: Path) -> None:
    flat = np.full((16, 24), 90, np.uint8)
    assert (decode_image(write(tmp_path / "a.jpg", flat)).numpy() == flat).all()


def test_colour_and_transparency_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="in colour"):
        decode_image(
            write(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8))
        )
    with pytest.raises(ImageError, match="transparent"):
        decode_image(write(tmp_path / "b.png", np.full((9, 9, 4), 7, np.uint8)))
    with pytest.raises(ImageError, match="mode 'F'"):
        decode_image(write(tmp_path / "c.tif", np.zeros((9, 9), np.float32)))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95])
def test_a_truncated_file_is_named_with_the_way_out(tmp_path: Path, suffix: str, share: float) -> None:
    path = write(tmp_path / f"short{suffix}", PICTURES[0])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableFileError, match=rf"short\{suffix} .*(again|remove the file)"):
        decode_image(path)


def test_a_missing_file_and_a_text_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"gone\.png does not exist"):
        decode_image(tmp_path / "gone.png")
    (tmp_path / "notes.png").write_text("not pixels")
    with pytest.raises(UnreadableFileError, match=r"notes\.png is not an image"):
        decode_image(tmp_path / "notes.png")


def test_a_folder_a_class_is_read_in_sorted_order(tmp_path: Path) -> None:
    for index, name in enumerate(["b/2.png", "a/deep/1.png", "b/1.png"]):
        write(tmp_path / name, PICTURES[index])
    data = FolderDataset(tmp_path, patient_of=lambda path: path.stem)
    assert (data.classes, data.targets, data.groups) == (["a", "b"], [0, 1, 1], ["1", "1", "2"])
    assert (data[2]["image"].numpy() == PICTURES[0]).all() and data[2]["label"] == 1
    assert FolderDataset(tmp_path).groups is None


def test_a_folder_without_classes_or_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="not a folder"):
        FolderDataset(tmp_path / "gone")
    with pytest.raises(LabelError, match="no class folder"):
        FolderDataset(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LabelError, match=r"class folder .*empty holds no image"):
        FolderDataset(tmp_path)


def rows(**columns: list[Any]) -> list[dict[str, Any]]:
    count = len(next(iter(columns.values())))
    base = {
        "image": [f"{i}.png" for i in range(count)],
        "patient": [f"p{i}" for i in range(count)],
        **columns,
    }
    return [{name: values[i] for name, values in base.items()} for i in range(count)]


def test_csv_classes_are_numbered_alike_in_all_splits(tmp_path: Path) -> None:
    path = table(tmp_path, rows(label=["sick", "well", "well"], split=["val", "train", "train"]))
    train, val = (CsvDataset(path, split=name, progress=False) for name in ("train", "val"))
    assert (train.targets, val.targets, train.class_to_idx) == ([1, 1], [0], {"sick": 0, "well": 1})
    assert train.groups == ["p1", "p2"] and (val[0]["image"].numpy() == PICTURES[0]).all()


def test_csv_numbers_stay_and_columns_become_a_vector(tmp_path: Path) -> None:
    assert CsvDataset(table(tmp_path, rows(label=[3, 0]))).targets == [3, 0]
    path = table(tmp_path, rows(effusion=[1, ""], nodule=[0, -1]), "multi.csv")
    data = CsvDataset(path, label=["effusion", "nodule"])
    assert data.class_to_idx == {"effusion": 0, "nodule": 1}
    assert torch.equal(data[0]["label"], torch.tensor([1.0, 0.0]))
    assert torch.isnan(data[1]["label"][0]) and data[1]["label"][1] == -1


def test_csv_splits_are_checked_for_patients_and_pictures(tmp_path: Path) -> None:
    shared = rows(label=[0, 1], split=["train", "val"], patient=["p", "p"])
    with pytest.raises(SplitLeakError, match="both train and val: p"):
        CsvDataset(table(tmp_path, shared), split="train", progress=False)
    path = table(tmp_path, rows(label=[0, 1], split=["train", "val"]))
    write(tmp_path / "1.png", PICTURES[0])
    with pytest.raises(SplitLeakError, match=r"patient p0 \(.*0\.png\) = patient p1 \(.*1\.png\)"):
        CsvDataset(path, split="train", progress=False)
    assert len(CsvDataset(path, split="train", check_images=False)) == 1


@pytest.mark.parametrize(
    ("columns", "arguments", "error", "says"),
    [
        (
            {"label": [0]},
            {"label": "finding"},
            LabelError,
            "has no column finding; it has image, patient, label",
        ),
        ({"label": [0]}, {"split": "train"}, LabelError, "no split column 'split'"),
        ({"label": [0], "split": ["a"]}, {"split": "b"}, LabelError, "split 'b' is not in .*; it has a"),
        ({"label": [0], "split": ["a"]}, {}, SettingError, "has splits a; choose one"),
        ({"label": [""]}, {}, LabelError, "line 2 of .* has no class"),
        ({"label": ["yes"]}, {"label": ["label"]}, LabelError, "line 2 of .* holds 'yes' in column 'label'"),
        ({"label": [0], "patient": [""]}, {}, PlanError, "no patient is known for 1 items, first 0"),
    ],
)
def test_what_a_csv_lacks_is_said(
    tmp_path: Path, columns: Any, arguments: Any, error: type[MedsynthError], says: str
) -> None:
    with pytest.raises(error, match=says):
        CsvDataset(table(tmp_path, rows(**columns)), progress=False, **arguments)


def test_a_csv_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"gone\.csv cannot be read"):
        CsvDataset(tmp_path / "gone.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00image")
    with pytest.raises(UnreadableFileError, match="not a CSV file in UTF-8"):
        CsvDataset(tmp_path / "bytes.csv")
    (tmp_path / "short.csv").write_text("image,label,patient\na.png,1\n")
    with pytest.raises(UnreadableFileError, match=r"line 2 of .* fewer columns"):
        CsvDataset(tmp_path / "short.csv")
