"""Turn an exported folder into a data set of the Hugging Face `datasets` library, saved on disk."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from medsynth_aug.errors import ImageError, SettingError
from medsynth_aug.review.export.rows import BOX, FINDINGS_FILE, SPLIT

if TYPE_CHECKING:
    from medsynth_aug.review.export.rows import TrainingRows


def save_dataset(folder: Path, target: Path, rows: "TrainingRows") -> None:
    """Save the images of an exported folder as a `DatasetDict` with one split, images embedded.

    Args:
        folder: The exported folder.
        target: Where the data set goes, an empty folder.
        rows: What the folder's table was written by.

    Raises:
        SettingError: If `datasets` is not installed.
        ImageError: If an image has more than 16 bits.
    """
    try:
        import datasets
    except ImportError as problem:
        raise SettingError(
            'form="huggingface" needs datasets, which is not installed: '
            "pip install 'medsynth-aug[huggingface]'"
        ) from problem
    _check_pictures(folder)
    with TemporaryDirectory(dir=folder) as cache:
        hidden = datasets.are_progress_bars_disabled()
        datasets.disable_progress_bars()
        try:
            made = datasets.Dataset.from_generator(
                _entries, features=_features(rows), cache_dir=cache, split=datasets.Split(SPLIT),
                gen_kwargs={"folder": str(folder), "numbers": rows.numbers, "columns": rows.label_columns,
                            "multi_label": rows.multi_label},
            )  # fmt: skip
            datasets.DatasetDict({SPLIT: made}).save_to_disk(str(target))
        finally:
            if not hidden:
                datasets.enable_progress_bars()


def _features(rows: "TrainingRows") -> Any:
    from datasets import ClassLabel, Features, Image, List, Value

    names, numbers = list(rows.numbers), list(rows.numbers.values())
    if rows.multi_label:
        label: dict[str, Any] = {name: Value("float32") for name in rows.label_columns}
    else:
        counted = numbers == list(range(len(numbers)))
        label = {"label": ClassLabel(names=names) if counted else Value("int64")}
    return Features(
        {
            "image": Image(), **label, "patient": Value("string"), "synthetic": Value("bool"),
            "derived_from_real": Value("bool"), "lesion": Value("string"), "mask": Image(),
            "box": List(Value("int32")), "digest": Value("string"),
            "findings": List({"lesion": Value("string"), "mask": Image(), "box": List(Value("int32"))}),
        }
    )  # fmt: skip


def _entries(
    folder: str, numbers: dict[str, int], columns: list[str], multi_label: bool
) -> Iterator[dict[str, Any]]:
    home, findings = Path(folder), defaultdict[str, list[dict[str, Any]]](list)
    with (home / FINDINGS_FILE).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            mask = _bytes(home, row["mask"])
            findings[row["image"]].append({"lesion": row["lesion"], "mask": mask, "box": _box(row)})
    with (home / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if multi_label:
                label: dict[str, Any] = {
                    name: float(row[name]) if row[name] else float("nan") for name in columns
                }
            else:
                label = {"label": numbers[row["label"]]}
            yield {
                "image": _bytes(home, row["image"]), **label, "patient": row["patient"],
                "synthetic": row["synthetic"] == "true",
                "derived_from_real": row["derived_from_real"] == "true", "lesion": row["lesion"] or None,
                "mask": _bytes(home, row["mask"]) if row["mask"] else None,
                "box": _box(row), "digest": row["digest"] or None, "findings": findings[row["image"]],
            }  # fmt: skip


def _box(row: dict[str, str]) -> list[int]:
    return [int(row[name]) for name in BOX if row[name]]


def _bytes(home: Path, file: str) -> dict[str, Any]:
    return {"bytes": (home / file).read_bytes(), "path": None}


def _check_pictures(home: Path) -> None:
    """Check that every image is a PNG, as the library's images are."""
    if any((home / "images").rglob("*.nii.gz")):
        raise ImageError(
            'images of int16 or float32 cannot stand in a Hugging Face data set; use form="folder", which '
            "writes NIfTI"
        )
