"""One row an image of an exported training set: its files, its label, and where it comes from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medsynth_aug.data.items.labels import ClassKey, relabel
from medsynth_aug.data.planning.training_data import TrainingData
from medsynth_aug.data.readers.formats import write_image, write_nifti
from medsynth_aug.errors import LabelError
from medsynth_aug.review.export.approved_items import ApprovedItem
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.types import Spacing

Row = dict[str, Any]

FURTHER = (
    "patient", "split", "synthetic", "derived_from_real", "lesion", "mask", "x0", "y0", "x1", "y1", "lowest",
    "highest", "row_spacing_mm", "column_spacing_mm", "digest",
)  # fmt: skip
"""Columns of `labels.csv` behind image and label."""

SPLIT = "train"


class TrainingRows:
    """Writes images into a folder and says what stands in their rows.

    Args:
        training: The real training split.
        keys: Name of each lesion -> its class or column.
        exclusive: Columns that a lesion clears.

    Raises:
        LabelError: If a label column is named like another column of the table.
    """

    def __init__(
        self, training: TrainingData, keys: Mapping[str, ClassKey], exclusive: tuple[int, ...]
    ) -> None:
        self.keys, self._training, self._exclusive = keys, training, exclusive
        labels = training.labels
        self.multi_label = labels.multi_label
        self.numbers = _numbers(labels.names, labels.classes)
        self.label_columns = list(self.numbers) if labels.multi_label else ["label"]
        twice = {"image", *FURTHER} & set(self.label_columns)
        if twice:
            raise LabelError(f"label column {min(twice)} has the name of a column of the table; rename it")

    @property
    def columns(self) -> list[str]:
        """Columns of the table."""
        return ["image", *self.label_columns, *FURTHER]

    def real(self, folder: Path, index: int) -> tuple[str, Row]:
        """Digest and row of a real image, which is written into the folder."""
        reader, labels = self._training.reader, self._training.labels
        source = reader.source(index, reader.read(index)[1])
        label = labels.values[index]
        row = self._row(folder, f"real-{index:06d}", source.pixels, source.value_range, source.spacing, label)
        known = {"patient": self._training.groups[index], "synthetic": "false", "derived_from_real": "true"}
        return source.digest, {**row, **known}

    def synthetic(self, folder: Path, one: ApprovedItem, sample: SyntheticSample) -> Row:
        """Row of an approved sample, which is written into the folder with the mask of its own lesion.

        With several labels it bears those of the lesions that were painted before, too.
        """
        key, labels = self.keys[one.lesion], self._training.labels
        label: Any = key
        if labels.multi_label:
            label = np.zeros(labels.values.shape[1]) if one.index is None else labels.values[one.index]
            for lesion in (*one.before, one.lesion):
                if lesion in self.keys:
                    label = relabel(label, self.keys[lesion], self._exclusive)
        row = self._row(folder, one.digest, sample.image, sample.value_range, sample.spacing, label)
        mask = Path("masks", f"{one.digest}.png")
        (folder / "masks").mkdir(exist_ok=True)
        write_image(folder / mask, sample.mask.to(torch.uint8) * 255)
        return {
            **row, **({} if sample.box is None else sample.box._asdict()), "mask": mask.as_posix(),
            "patient": one.patient, "synthetic": "true", "lesion": one.lesion, "digest": one.digest,
            "derived_from_real": str(one.index is not None).lower(),
        }  # fmt: skip

    def as_monai(self, row: Mapping[str, Any]) -> Row:
        """An entry of MONAI's data list; paths are relative to it, and unknown labels are -1."""
        if self.multi_label:
            values = [float(row[name]) if row[name] != "" else -1.0 for name in self.label_columns]
            label: Any = values
        else:
            label = self.numbers[row["label"]]
        entry = {"image": row["image"], "label": label, "patient": row["patient"]}
        return {**entry, "mask": row["mask"]} if row.get("mask") else entry

    def _row(
        self, folder: Path, name: str, pixels: torch.Tensor, value_range: tuple[float, float],
        spacing: Spacing | None, label: Any,
    ) -> Row:  # fmt: skip
        if self.multi_label:
            named: Row = {
                column: "" if value != value else f"{value:g}"
                for column, value in zip(self.label_columns, label.tolist())
            }
            place = Path("images")
        else:
            key = label.item() if isinstance(label, np.generic) else label
            named = {"label": self._training.labels.name(key)}
            place = Path("images", named["label"].replace("/", "_"))
        picture = pixels.dtype in (torch.uint8, torch.uint16)
        file = place / (f"{name}.png" if picture else f"{name}.nii.gz")
        (folder / place).mkdir(parents=True, exist_ok=True)
        if picture:
            write_image(folder / file, pixels)
        else:
            write_nifti(folder / file, pixels, spacing=spacing, value_range=value_range)
        scale = {"lowest": f"{value_range[0]:g}", "highest": f"{value_range[1]:g}"}
        sides = spacing and dict(zip(("row_spacing_mm", "column_spacing_mm"), spacing))
        return {"image": file.as_posix(), **named, "split": SPLIT, **scale, **(sides or {})}


def _numbers(names: Mapping[str, int], classes: tuple[ClassKey, ...]) -> dict[str, int]:
    """Number of each class or column, by its name."""
    if names:
        known = dict(sorted(names.items(), key=lambda pair: pair[1]))
        return known | {str(key): int(key) for key in classes if key not in known.values()}
    if all(isinstance(key, int) for key in classes):
        return {str(key): int(key) for key in classes}
    return {str(key): number for number, key in enumerate(sorted(map(str, classes)))}
