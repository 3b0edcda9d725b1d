"""One row an image of an exported training set: its files, its label, and where it comes from."""

from collections.abc import Iterable, Mapping, Sequence
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
from medsynth_aug.types import Spacing, box_of

Row = dict[str, Any]

BOX = ("x0", "y0", "x1", "y1")
"""Columns of a box."""

FINDINGS_FILE = "findings.csv"
"""The table of all lesions."""

FINDINGS = ("image", "lesion", "mask", *BOX, "digest")
"""Its columns: one row a lesion."""

FURTHER = (
    "patient", "split", "synthetic", "derived_from_real", "lesion", "mask", *BOX, "lowest", "highest",
    "row_spacing_mm", "column_spacing_mm", "digest",
)  # fmt: skip
"""Columns of `labels.csv` behind image and label."""

SPLIT = "train"


class TrainingRows:
    """Writes images into a folder and says what stands in their rows.

    Args:
        training: The real training split.
        keys: Name of each lesion -> its class or column.
        exclusive: Columns that a lesion clears.
        healthy: Class or column of images without a lesion; None if they have none.

    Raises:
        LabelError: If a label column is named like another column of the table.
    """

    def __init__(
        self, training: TrainingData, keys: Mapping[str, ClassKey], exclusive: tuple[int, ...],
        healthy: ClassKey | None = None,
    ) -> None:  # fmt: skip
        self.keys, self.healthy, self._training, self._exclusive = keys, healthy, training, exclusive
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

    def synthetic(
        self, folder: Path, one: ApprovedItem, sample: SyntheticSample, shown: Sequence[SyntheticSample]
    ) -> tuple[Row, list[Row]]:
        """Row of an approved sample, which is written into the folder, and one row for each of its lesions.

        The mask of the first holds all of its lesions, and the box lies round it.

        Args:
            folder: Where image and masks are written.
            one: The sample, as it belongs to the set.
            sample: The sample itself.
            shown: The samples whose masks are its lesions'; of the same shape.
        """
        row = self._row(
            folder, one.digest, sample.image, sample.value_range, sample.spacing, self._label(one)
        )
        row |= {
            "patient": one.patient, "synthetic": "true", "digest": one.digest,
            "derived_from_real": str(one.index is not None).lower(),
        }  # fmt: skip
        if not shown:
            return row, []
        masks = [painted.mask for painted in shown]
        together = _marked(folder, one.digest, torch.stack(masks).any(dim=0))
        each = [together]
        if len(masks) > 1:
            each = [_marked(folder, f"{one.digest}-{number}", mask) for number, mask in enumerate(masks)]
        findings = [
            {"image": row["image"], "lesion": lesion, "digest": digest, **marks}
            for (digest, lesion), marks in zip(one.paintings, each)
        ]
        row |= {"lesion": " + ".join(one.lesions), **together}
        return row, findings

    def as_monai(self, row: Mapping[str, Any], findings: Iterable[Mapping[str, Any]] = ()) -> Row:
        """An entry of MONAI's data list; paths are relative to it, and unknown labels are -1."""
        if self.multi_label:
            values = [float(row[name]) if row[name] != "" else -1.0 for name in self.label_columns]
            label: Any = values
        else:
            label = self.numbers[row["label"]]
        entry: Row = {"image": row["image"], "label": label, "patient": row["patient"]}
        if row.get("mask"):
            entry["mask"] = row["mask"]
            entry["findings"] = [
                {
                    "lesion": one["lesion"],
                    "mask": one["mask"],
                    "box": [one[side] for side in BOX if side in one],
                }
                for one in findings
            ]
        return entry

    def _label(self, one: ApprovedItem) -> Any:
        """The label of a sample; one of several labels keeps those of the film that it was painted into."""
        keys, labels = [self.keys[lesion] for lesion in one.lesions], self._training.labels
        if not labels.multi_label:
            return keys[-1] if keys else self.healthy
        label = np.zeros(labels.values.shape[1]) if one.index is None else labels.values[one.index]
        for key in keys:
            label = relabel(label, key, self._exclusive)
        return label if keys or self.healthy is None else relabel(label, self.healthy)

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


def _marked(folder: Path, name: str, mask: torch.Tensor) -> Row:
    """Mask and box of `(1, H, W)` bool as they stand in a row; the mask is written into the folder."""
    file = Path("masks", f"{name}.png")
    (folder / "masks").mkdir(exist_ok=True)
    write_image(folder / file, mask.to(torch.uint8) * 255)
    box = box_of(mask)
    return {"mask": file.as_posix(), **({} if box is None else box._asdict())}


def _numbers(names: Mapping[str, int], classes: tuple[ClassKey, ...]) -> dict[str, int]:
    """Number of each class or column, by its name."""
    if names:
        known = dict(sorted(names.items(), key=lambda pair: pair[1]))
        return known | {str(key): int(key) for key in classes if key not in known.values()}
    if all(isinstance(key, int) for key in classes):
        return {str(key): int(key) for key in classes}
    return {str(key): number for number, key in enumerate(sorted(map(str, classes)))}
