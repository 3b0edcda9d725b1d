"""The films that are read and painted into: those of a table as they are, and enlarged to realistic sizes."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsynth_aug.benchmark.quality.films import DEFAULT_COLUMNS, table_of
from medsynth_aug.data import CsvDataset, RebalancedDataset
from medsynth_aug.errors import LabelError
from medsynth_aug.evaluation import Columns
from medsynth_aug.synthesis import Synthesizer

NORMAL, POSITIVE = "normal", "positive"
"""Classes of the tables that are written: the films that are painted into, and one film to fill up from."""

GRAIN = 12.0
"""Standard deviation of the grain of an enlarged 12-bit film, which makes its file as large as a real one."""


@dataclass(frozen=True, slots=True)
class FilmSet:
    """Films in a table of their own.

    Args:
        name: How the report calls them.
        table: CSV file with `file`, `label` and `patient_id`.
        value_range: Darkest and brightest value; None for 8-bit files.
    """

    name: str
    table: Path
    value_range: tuple[float, float] | None

    def read(self) -> CsvDataset:
        """The films as a user reads them."""
        return CsvDataset(
            self.table, image="file", label="label", patient="patient_id", split_column=None, progress=False
        )

    def rebalance(
        self, films: CsvDataset, synthesizer: Synthesizer, bank: Path, count: int, **more: object
    ) -> RebalancedDataset:
        """These films and `count` nodules painted into the normal ones."""
        positive = films.class_to_idx[POSITIVE]
        return RebalancedDataset(
            films, synthesizer, lesions={positive: "nodule"}, background=[films.class_to_idx[NORMAL]],
            bank=bank, sampling_strategy={positive: 1 + count}, max_ratio=count, force=True,
            value_range=self.value_range, progress=False, **more,  # type: ignore[arg-type]
        )  # fmt: skip


def write_film_sets(
    data: str | Path,
    folder: Path,
    *,
    count: int,
    normal: str = "normal",
    columns: Columns = DEFAULT_COLUMNS,
    sizes: Sequence[tuple[int, int]] = (),
) -> list[FilmSet]:
    """The films as they are, and one set for each of `sizes`.

    Args:
        data: A folder with `labels.csv`, or such a file.
        folder: Takes the tables and the enlarged films.
        count: Films to paint into at most, one a patient, at least 2.
        normal: Class of the films without a finding.
        columns: Names of the file's columns.
        sizes: Side in pixels and bits of each enlarged set; the films are stretched to a square.

    Raises:
        UnreadableFileError: If the table or a film is missing or cannot be read.
        LabelError: If a column is missing or there are fewer than three films.
    """
    table = table_of(Path(data))
    listed = CsvDataset(
        table, image=columns.image, label=columns.label, patient=columns.patient, split_column=None,
        check_images=False,
    )  # fmt: skip
    patients = listed.groups or [str(path) for path in listed.paths]
    number = listed.class_to_idx.get(normal)
    first = {patients[i]: listed.paths[i].absolute() for i, one in enumerate(listed.targets) if one == number}
    chosen = list(first.items())[: count + 1]
    if len(chosen) < 3:
        known = ", ".join(listed.class_to_idx)
        raise LabelError(
            f"{table} has films without a finding ({columns.label} = {normal!r}) of {len(first)} patients, "
            f"and three are needed; its classes are {known}"
        )
    sets = [FilmSet("films as they are", _write_table(folder / "given.csv", chosen), None)]
    for side_px, bits in sizes:
        place = folder / f"{side_px}px{bits}"
        place.mkdir(parents=True)
        larger = [
            (who, _enlarged(path, place / f"{n}.png", side_px, bits, n))
            for n, (who, path) in enumerate(chosen)
        ]
        name = f"{side_px} x {side_px} PNG, {bits} bits"
        limits = None if bits == 8 else (0.0, float(2**bits - 1))
        sets.append(FilmSet(name, _write_table(place / "labels.csv", larger), limits))
    return sets


def _write_table(path: Path, films: Sequence[tuple[str, Path]]) -> Path:
    """The last film stands for the rare class."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "label", "patient_id"))
        for place, (patient, film) in enumerate(films, 1):
            rows.writerow((film, POSITIVE if place == len(films) else NORMAL, patient))
    return path


def _enlarged(film: Path, target: Path, side_px: int, bits: int, number: int) -> Path:
    with Image.open(film) as opened:
        grey = np.asarray(opened.convert("L").resize((side_px, side_px), Image.Resampling.BICUBIC))
    Image.fromarray(grey if bits == 8 else _deepened(grey, bits, number)).save(target)
    return target


def _deepened(grey: NDArray[np.uint8], bits: int, number: int) -> NDArray[np.uint16]:
    """An 8-bit film at more bits, with the grain that a detector has."""
    grain = np.random.default_rng(number).normal(0, GRAIN, grey.shape)
    return (
        np.clip(grey.astype(np.float64) * 2 ** (bits - 8) + grain, 0, 2**bits - 1).round().astype(np.uint16)
    )
