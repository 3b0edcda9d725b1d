"""Find and read the radiographs that the demonstration works on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import ConcatDataset, Dataset

from medsynth_aug.data import CsvDataset
from medsynth_aug.errors import UnreadableFileError

LESION_OF_CLASS: Mapping[str, str] = {
    "pneumothorax": "pneumothorax",
    "nodule": "nodule",
    "viral consolidation": "viral_consolidation",
}
"""The rare classes and the lesion that fills each."""

BACKGROUND = "normal"
"""The class that lesions are painted into."""


def find_radiographs(folder: Path | None) -> Path:
    """The folder with the example radiographs: the given one, else `examples/data` beside the package.

    Raises:
        UnreadableFileError: If it has no `labels.csv`.
    """
    place = Path(__file__).parents[2] / "examples" / "data" if folder is None else folder
    if not (place / "labels.csv").is_file():
        raise UnreadableFileError(
            f"{place / 'labels.csv'} does not exist; the example radiographs come with a clone of the "
            "repository, not with the wheel: pass --data PATH/TO/examples/data"
        )
    return place


def read_split(folder: Path, split: str, *, progress: bool) -> CsvDataset:
    """One split of the example radiographs."""
    return CsvDataset(
        folder / "labels.csv",
        image="file",
        label="label",
        patient="patient_id",
        split=split,
        progress=progress,
    )


def read_held_out(folder: Path) -> tuple[Dataset[Any], list[str]]:
    """Validation and test split together, which nothing is painted into, and their patients."""
    parts = [read_split(folder, split, progress=False) for split in ("val", "test")]
    return ConcatDataset(parts), [patient for part in parts for patient in part.groups or []]


def for_classifier(item: dict[str, Any], side_px: int = 96) -> tuple[torch.Tensor, int]:
    """Image `(1, side_px, side_px)` float32 in [-1, 1] and class of an item: the loop's own `transform`."""
    image = item["image"].to(torch.float32)[None] / 127.5 - 1
    small = torch.nn.functional.interpolate(
        image, (side_px, side_px), mode="bilinear", antialias=True, align_corners=False
    )
    return small[0], int(item["label"])
