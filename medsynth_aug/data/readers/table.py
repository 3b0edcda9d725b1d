"""Read images listed in a CSV file, with classes or label columns, patients and splits."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from medsynth_aug.data.readers.decode import decode_image, scale_of_file
from medsynth_aug.data.readers.formats.dicom import DicomSettings
from medsynth_aug.data.splits.duplicates import Print
from medsynth_aug.data.splits.groups import EACH_IMAGE, group_names
from medsynth_aug.data.splits.splits import Split, check_splits, print_and_digest
from medsynth_aug.errors import LabelError, SettingError, UnreadableFileError
from medsynth_aug.types import Spacing, ValueRange

Row = dict[str, str]


class CsvDataset(Dataset[dict[str, Any]]):
    """Images listed in a CSV file; items are `{"image": (1, H, W) tensor, "label", "patient", "path"}`.

    One label column gives classes: as they are where all are whole numbers, else numbered in sorted order
    (over
    all splits). Several give a float vector: 1, 0, and NaN (empty) or -1 for unknown. Where the file has a
    split
    column, the splits are checked for shared patients and images. Deterministic: nothing is resized or
    augmented.

    Args:
        csv_path: The file, with a header row.
        root: Folder that the image paths are relative to; that of the file if absent.
        image: Column with the image's path.
        label: Column with the class, or several columns with 1, 0, -1 or nothing.
        patient: Column with the patient's id, or None if the file has none.
        split: Which split to read; needed where the file has the split column.
        split_column: Column with the split's name, or None to read every row.
        check_images: Compare the images of the splits too, not only the patients; reads every file once.
        progress: Show a bar while images are compared.
        attributes: Other columns to keep, in `self.attributes`: view, sex, age ... as texts, an empty one
            where nothing is known.
        dicom: How DICOM files are read.

    Raises:
        UnreadableFileError: If the file is missing or is no CSV.
        LabelError: If a column or split is not in it, or an entry cannot be a label.
        SettingError: If it has splits and none was chosen.
        PlanError: If a row has no patient.
        SplitLeakError: If a patient or an image stands in two splits.
    """

    def __init__(
        self,
        csv_path: str | Path,
        *,
        root: str | Path | None = None,
        image: str = "image",
        label: str | Sequence[str] = "label",
        patient: str | None = "patient",
        split: str | None = None,
        split_column: str | None = "split",
        check_images: bool = True,
        progress: bool = True,
        attributes: Sequence[str] = (),
        dicom: DicomSettings | None = None,
    ) -> None:
        csv_path, self.dicom = Path(csv_path), dicom
        folder = csv_path.parent if root is None else Path(root)
        columns = [label] if isinstance(label, str) else list(label)
        rows = _rows(csv_path, [image, *columns, *([patient] if patient else []), *attributes])
        paths = [folder / row[image] for row in rows]
        groups = None if patient is None else group_names(row[patient] for row in rows)
        names = _splits(csv_path, rows, split, split_column)
        if names is not None:
            known = {}
            for name in dict.fromkeys(names):
                mine = [index for index, other in enumerate(names) if other == name]
                ids = EACH_IMAGE if groups is None else [groups[index] for index in mine]
                known[name] = Split(ids, _Files([paths[i] for i in mine], dicom) if check_images else None)
            check_splits(known, progress=progress)
        kept = [index for index in range(len(rows)) if names is None or names[index] == split]
        targets, self.class_to_idx = _targets(csv_path, rows, columns, single=isinstance(label, str))
        self.attributes = {name: [rows[index][name] for index in kept] for name in attributes}
        self.paths = [paths[index] for index in kept]
        self.targets = [targets[index] for index in kept]
        self.groups = None if groups is None else [groups[index] for index in kept]

    def value_range(self, index: int) -> ValueRange | None:
        """Darkest and brightest value that a file can hold, where it says so."""
        return scale_of_file(self.paths[index], self.dicom)[0]

    def spacing_mm(self, index: int) -> Spacing | None:
        """Row and column spacing of a file, where it states them."""
        return scale_of_file(self.paths[index], self.dicom)[1]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        target, path = self.targets[index], self.paths[index]
        label = torch.tensor(target, dtype=torch.float32) if isinstance(target, list) else target
        item = {"image": decode_image(path, self.dicom), "label": label, "path": str(path)}
        return item if self.groups is None else {**item, "patient": self.groups[index]}


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one split, as `check_splits` reads them."""

    paths: list[Path]
    dicom: DicomSettings | None

    def __len__(self) -> int:
        return len(self.paths)

    def print_at(self, index: int) -> tuple[str, Print]:
        path = self.paths[index]
        return _print(path, path.stat().st_mtime_ns if path.exists() else 0, self.dicom)


@lru_cache(maxsize=16384)
def _print(path: Path, changed_ns: int, dicom: DicomSettings | None) -> tuple[str, Print]:
    """The print of a file as it was at that time, so that one reader a split decodes each file once only."""
    return print_and_digest(decode_image(path, dicom))


def _rows(path: Path, needed: list[str]) -> list[Row]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, header = list(reader), list(reader.fieldnames or [])
    except OSError as problem:
        raise UnreadableFileError(
            f"{path} cannot be read ({problem.strerror}); correct the path"
        ) from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise UnreadableFileError(
            f"{path} is not a CSV file in UTF-8 ({problem}); save it as one"
        ) from problem
    missing = [column for column in needed if column not in header]
    if missing:
        raise LabelError(f"{path} has no column {', '.join(missing)}; it has {', '.join(header) or 'none'}")
    short = next((number for number, row in enumerate(rows, 2) if None in row.values()), None)
    if short is not None:
        raise UnreadableFileError(f"line {short} of {path} has fewer columns than the header; complete it")
    if not rows:
        raise LabelError(f"{path} has no row under its header; list at least one image")
    return rows


def _splits(path: Path, rows: list[Row], split: str | None, column: str | None) -> list[str] | None:
    """The split of each row, or None if every row is wanted."""
    if column is None or column not in rows[0]:
        if split is not None:
            raise LabelError(
                f"split={split!r} was asked for, but {path} has no split column {column!r}; name it"
            )
        return None
    names = [row[column] for row in rows]
    known = ", ".join(sorted(set(names)))
    if split is None:
        raise SettingError(f"{path} has splits {known}; choose one with split=..., or pass split_column=None")
    if split not in names:
        raise LabelError(f"split {split!r} is not in {path}; it has {known}")
    return names


def _targets(
    path: Path, rows: list[Row], columns: list[str], *, single: bool
) -> tuple[list[Any], dict[str, int]]:
    """The label of each row, and what the numbers of classes or columns mean."""
    if not single:
        matrix = [[_entry(path, line, row, column) for column in columns] for line, row in enumerate(rows, 2)]
        return matrix, {column: index for index, column in enumerate(columns)}
    classes = [row[columns[0]].strip() for row in rows]
    empty = [line for line, name in enumerate(classes, 2) if not name]
    if empty:
        raise LabelError(
            f"line {empty[0]} of {path} has no class in column {columns[0]!r}; fill or remove it"
        )
    if all(name.lstrip("-").isdecimal() for name in classes):
        return [int(name) for name in classes], {}
    numbers = {name: index for index, name in enumerate(sorted(set(classes)))}
    return [numbers[name] for name in classes], numbers


def _entry(path: Path, line: int, row: Row, column: str) -> float:
    text = row[column].strip()
    try:
        value = float(text) if text else float("nan")
    except ValueError:
        value = float("inf")
    if value in (1.0, 0.0, -1.0) or value != value:
        return value
    raise LabelError(
        f"line {line} of {path} holds {text!r} in column {column!r}; use 1 (present), 0 (absent), -1 or "
        "nothing (unknown)"
    )
