"""Read a folder of radiographs and its CSV into memory, once, for training."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from csv import DictReader
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from medsynth_aug.errors import LabelError, UnreadableFileError

REQUIRED_COLUMNS = ("file", "labels", "patient_id")


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One training image with its row.

    Args:
        pixels: uint8 grey image `(H, W)`.
        row: The CSV row; columns that are absent read as "".
        boxes: Lesion boxes as `(label, x, y, width, height)` in pixels.
    """

    pixels: np.ndarray
    row: dict[str, str]
    boxes: tuple[tuple[str, float, float, float, float], ...] = ()
    lung_mask: np.ndarray | None = field(default=None)

    @property
    def labels(self) -> tuple[str, ...]:
        """The findings of the row."""
        return tuple(label for label in self.row.get("labels", "").split("|") if label)

    @property
    def group(self) -> str:
        """The patient, joined with near-duplicates where the CSV says so."""
        return self.row.get("group_id") or self.row["patient_id"]

    @property
    def keeps_aspect(self) -> bool:
        """False where an upstream step squeezed the image into a square."""
        return not self.row.get("geometry", "").startswith("stretched")


def read_rows(data: Path, *, pool: str | None) -> list[dict[str, str]]:
    """Rows of `labels.csv`, of one pool where the CSV has pools.

    Raises:
        UnreadableFileError: If there is no `labels.csv`.
        LabelError: If a required column is missing or no row is left.
    """
    table = data / "labels.csv"
    if not table.is_file():
        raise UnreadableFileError(f"{table} does not exist; the recipe reads a folder with a labels.csv")
    with table.open(newline="") as lines:
        rows = list(DictReader(lines))
    missing = [name for name in REQUIRED_COLUMNS if rows and name not in rows[0]]
    if missing:
        needed = ", ".join(REQUIRED_COLUMNS)
        raise LabelError(f"{table} has no column {', '.join(missing)}; it needs {needed}")
    if pool is not None:
        rows = [row for row in rows if row.get("pool", pool) == pool]
    rows = [row for row in rows if row.get("inverted_suspect", "0") != "1"]
    if not rows:
        raise LabelError(f"{table} has no usable row in pool {pool!r}")
    return rows


def read_boxes(data: Path) -> dict[str, list[tuple[str, float, float, float, float]]]:
    """Lesion boxes by file, from `boxes.csv` where there is one."""
    table = data / "boxes.csv"
    boxes: dict[str, list[tuple[str, float, float, float, float]]] = {}
    if table.is_file():
        with table.open(newline="") as lines:
            for row in DictReader(lines):
                x, y, width, height = (float(row[name]) for name in ("x", "y", "w", "h"))
                boxes.setdefault(row["file"], []).append((row["label"], x, y, width, height))
    return boxes


def read_radiographs(
    data: Path, *, pool: str | None = "starter", limit: int | None = None, threads: int = 4
) -> list[Radiograph]:
    """All images of one pool, decoded to uint8 grey.

    Args:
        data: Folder with `labels.csv`, optionally `boxes.csv`, and the files that they name.
        pool: Value of the `pool` column to keep; None keeps every row.
        limit: Keep only the first rows, for a smoke run.
        threads: Decoding threads.

    Raises:
        UnreadableFileError: If a file is missing or not an image.
        LabelError: If the CSV lacks a column.
    """
    rows = read_rows(data, pool=pool)[:limit]
    boxes = read_boxes(data)

    def read(row: dict[str, str]) -> Radiograph:
        pixels = _read_grey(data / row["file"])
        mask = _read_grey(data / row["mask"]) if row.get("mask") else None
        return Radiograph(pixels=pixels, row=row, boxes=tuple(boxes.get(row["file"], ())), lung_mask=mask)

    with ThreadPoolExecutor(threads) as pool_of_threads:
        return list(tqdm(pool_of_threads.map(read, rows), total=len(rows), desc="reading", unit="image"))


def hold_out(
    radiographs: Sequence[Radiograph], *, share: float = 0.05
) -> tuple[list[Radiograph], list[Radiograph]]:
    """Training and held-out images, patient-disjoint; by the `split` column where it says "val".

    A single patient is trained on, and nothing is held out.

    Raises:
        LabelError: If the `split` column leaves no image to train on.
    """
    if any(one.row.get("split") == "val" for one in radiographs):
        held = {one.group for one in radiographs if one.row.get("split") == "val"}
    else:
        groups = sorted({one.group for one in radiographs})
        held = set(groups[:: max(2, round(1 / share))]) if len(groups) > 1 else set()
    train = [one for one in radiographs if one.group not in held]
    if not train:
        raise LabelError("every patient has an image of split 'val'; leave some patients to train on")
    return train, [one for one in radiographs if one.group in held]


def _read_grey(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise UnreadableFileError(f"{path} is missing, truncated or not an image")
    return pixels
