"""Read a data set of the Hugging Face `datasets` library."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from medsynth_aug.data.items.reading import RangeOfItems, SpacingOfItems
from medsynth_aug.data.readers.decode import grey_of
from medsynth_aug.data.splits.groups import group_names
from medsynth_aug.errors import ImageError, LabelError, SettingError, UnreadableFileError


class HuggingFaceDataset(Dataset[dict[str, Any]]):
    """One split of a `datasets` data set; items are `{"image": (1, H, W) tensor, "label", "patient"}`.

    One label column gives classes: those of its `ClassLabel`, else numbers as they are, else names numbered
    in sorted order. A column of lists of classes, or several columns, give a float vector: 1, 0, and NaN
    (empty) or -1 for unknown. Formats and transforms of the data set are set aside, so that an index always
    gives the same item. Labels and patients are read without decoding an image.

    Args:
        data: A `datasets.Dataset`: one split, not streamed.
        image: Column with the image.
        label: Column with the class or classes, or several columns with 1, 0, -1 or nothing.
        patient: Column with the patient's id, or None if there is none.
        value_range: Darkest and brightest value; may be absent for 8-bit images.
        spacing_mm: Row and column spacing: one pair, one for each item, or a function of the index.

    Raises:
        SettingError: If `data` is a dictionary of splits, is streamed, or is no such data set.
        LabelError: If a column is not in it, or an entry cannot be a label.
        PlanError: If an item has no patient.
    """

    def __init__(
        self,
        data: Any,
        *,
        image: str = "image",
        label: str | Sequence[str] = "label",
        patient: str | None = "patient",
        value_range: RangeOfItems = None,
        spacing_mm: SpacingOfItems = None,
    ) -> None:
        _check_kind(data)
        columns = [label] if isinstance(label, str) else list(label)
        missing = [
            name for name in (image, *columns, *filter(None, [patient])) if name not in data.column_names
        ]
        if missing:
            raise LabelError(
                f"the data set has no column {', '.join(missing)}; it has {', '.join(data.column_names)}"
            )
        self.data, self.image = data.with_format(None), image
        self.value_range, self.spacing_mm = value_range, spacing_mm
        self.targets, self.class_to_idx = _targets(self.data, columns, single=isinstance(label, str))
        self.groups = None if patient is None else group_names(self.data[patient])

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        target = self.targets[index]
        label = torch.tensor(target, dtype=torch.float32) if isinstance(target, list) else target
        item = {"image": self._decoded(index), "label": label}
        return item if self.groups is None else {**item, "patient": self.groups[index]}

    def _decoded(self, index: int) -> torch.Tensor:
        name = f"image {index} of the data set"
        try:
            value = self.data[index][self.image]
            if isinstance(value, dict) and value.get("bytes"):
                value = Image.open(BytesIO(value["bytes"]))
            if isinstance(value, Image.Image):
                value.load()
                return grey_of(value, name)
        except ImageError:
            raise
        except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as problem:
            raise UnreadableFileError(f"{name} cannot be decoded ({problem}); take it out") from problem
        raise ImageError(
            f"{name} is a {type(value).__name__}; cast the column first: data.cast_column({self.image!r}, "
            "datasets.Image())"
        )


def _check_kind(data: Any) -> None:
    if isinstance(data, dict):
        raise SettingError(f"this holds the splits {', '.join(data)}; give one of them: data['train']")
    if not hasattr(data, "column_names") or not hasattr(data, "features"):
        raise SettingError(f"data is a {type(data).__name__}; give a datasets.Dataset")
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        raise SettingError("the data set is streamed; load it whole: load_dataset(..., streaming=False)")


def _targets(data: Any, columns: list[str], *, single: bool) -> tuple[list[Any], dict[str, int]]:
    """The label of each item, and what the numbers of classes or columns mean."""
    if not single:
        rows = zip(*(data[column] for column in columns))
        found = [[_entry(value, name, i) for value, name in zip(row, columns)] for i, row in enumerate(rows)]
        return found, {column: number for number, column in enumerate(columns)}
    (column,) = columns
    values = list(data[column])
    feature = (data.features or {}).get(column)
    inner = getattr(feature, "feature", None)
    names = list(getattr(feature, "names", None) or getattr(inner, "names", None) or ())
    if any(value is None for value in values):
        empty = next(index for index, value in enumerate(values) if value is None)
        raise LabelError(f"item {empty} has no class in column {column!r}; take it out")
    if inner is not None:
        return _many(values, names, column)
    if names or all(isinstance(value, int | np.integer) for value in values):
        return [int(value) for value in values], {name: number for number, name in enumerate(names)}
    if not all(isinstance(value, str) for value in values):
        raise LabelError(f"column {column!r} holds neither classes nor names of classes; name another")
    numbers = {name: number for number, name in enumerate(sorted(set(values)))}
    return [numbers[value] for value in values], numbers


def _many(values: list[Any], names: list[str], column: str) -> tuple[list[Any], dict[str, int]]:
    """Lists of classes as vectors of 0 and 1."""
    if not names:
        names = sorted({str(entry) for row in values for entry in row})
        if not all(isinstance(entry, str) for row in values for entry in row) or not names:
            raise LabelError(
                f"column {column!r} holds lists that are not of classes; give several columns instead"
            )
        values = [[names.index(entry) for entry in row] for row in values]
    vectors = [[float(number in row) for number in range(len(names))] for row in values]
    return vectors, {name: number for number, name in enumerate(names)}


def _entry(value: Any, column: str, index: int) -> float:
    number = float("nan") if value is None else value
    if isinstance(number, bool | int | float) and (number in (0, 1, -1) or number != number):
        return float(number)
    raise LabelError(
        f"item {index} holds {value!r} in column {column!r}; use 1 (present), 0 (absent), -1 or nothing "
        "(unknown)"
    )
