"""The real films that are painted into: normal ones, one a patient, chosen by a seed."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medsynth_aug.data import CsvDataset
from medsynth_aug.errors import LabelError, SettingError, UnreadableFileError
from medsynth_aug.evaluation import Columns
from medsynth_aug.synthesis import SourceImage, real_source

TABLE = "labels.csv"
DEFAULT_COLUMNS = Columns(image="file", label="label", patient="patient_id")
"""As the example radiographs name them."""


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One real film without a finding.

    Args:
        source: Its pixels.
        patient: Whose it is.
    """

    source: SourceImage
    patient: str


def read_films(
    data: str | Path,
    *,
    count: int,
    normal: str = "normal",
    columns: Columns = DEFAULT_COLUMNS,
    where: Mapping[str, str] | None = None,
    seed: int = 0,
) -> tuple[Film, ...]:
    """At most `count` normal films of different patients; only these are decoded.

    Args:
        data: A folder with `labels.csv`, or such a file.
        count: How many are wanted, at least 1.
        normal: Class of the films without a finding.
        columns: Names of the file's columns.
        where: Column -> value that a row must have, such as `{"split": "test"}`.
        seed: Decides which films are taken.

    Raises:
        SettingError: If `count` is below 1.
        UnreadableFileError: If the folder, the file or an image is missing or cannot be read.
        LabelError: If a column is missing or no film fits.
        PlanError: If a row has no patient.
    """
    if count < 1:
        raise SettingError(f"{count} films were asked for; at least 1 can be painted into")
    file = table_of(Path(data))
    listed = CsvDataset(
        file, image=columns.image, label=columns.label, patient=columns.patient, split_column=None,
        check_images=False,
    )  # fmt: skip
    rows = _rows(file, (columns.label, *(where or {})))
    wanted = {columns.label: normal, **(where or {})}
    fitting = [i for i, row in enumerate(rows) if all(row[name].strip() == v for name, v in wanted.items())]
    if not fitting:
        asked = " and ".join(f"{name} = {value!r}" for name, value in wanted.items())
        raise LabelError(
            f"{file} has no film with {asked}; {columns.label} is one of {_classes(rows, columns)}"
        )
    patients = listed.groups or [str(path) for path in listed.paths]
    chosen: dict[str, int] = {}
    for index in np.random.default_rng(seed).permutation(fitting).tolist():
        chosen.setdefault(patients[index], index)
    taken = list(chosen.items())[:count]
    return tuple(Film(real_source(listed[index]["image"]), patient) for patient, index in taken)


def table_of(data: Path) -> Path:
    """The table of a folder, or the CSV file itself.

    Raises:
        UnreadableFileError: If there is none.
    """
    file = data if data.suffix.lower() == ".csv" else data / TABLE
    if not file.is_file():
        raise UnreadableFileError(f"{file} does not exist; name a folder with {TABLE}, or a CSV file")
    return file


def _rows(file: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    missing = [name for name in needed if name not in rows[0]]
    if missing:
        raise LabelError(f"{file} has no column {', '.join(missing)}; it has {', '.join(rows[0])}")
    return rows


def _classes(rows: list[dict[str, str]], columns: Columns) -> str:
    names = sorted({row[columns.label] for row in rows})
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
