"""The labels of a data set, single- or multi-label: counting them, and what a painted lesion does to one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth_aug.errors import LabelError

ClassKey = int | str
"""A class (single-label) or the position of a column (multi-label)."""

UNKNOWN = -1.0
"""The value of an unknown multi-label entry, besides NaN."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The labels of all items.

    Args:
        values: `(N,)` classes, or `(N, K)` floats: 1 present, 0 absent, NaN or -1 unknown.
        names: Names of classes or columns, where the data set has them.
    """

    values: NDArray[Any]
    names: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, labels: Any, *, count: int, names: Mapping[str, int] | None = None) -> "Labels":
        """The labels in a list, array or tensor, checked.

        Raises:
            LabelError: If there are more or fewer than items, or one is not a class, 0, 1, -1 or NaN.
        """
        values = _array(labels)
        if len(values) != count:
            raise LabelError(
                f"there are {len(values)} labels for {count} items; give one for each item, in order"
            )
        if values.ndim == 2:
            values = _checked_matrix(values)
        elif values.ndim != 1:
            raise LabelError(f"labels are {values.shape}; they are (N,) classes or (N, K) columns of 0 and 1")
        elif values.dtype.kind == "f" and np.isnan(values).any():
            raise LabelError(
                f"the label of item {int(np.flatnonzero(np.isnan(values))[0])} is NaN; drop items without a "
                "class"
            )
        return cls(values, dict(names or {}))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def multi_label(self) -> bool:
        """True if an item has a vector of columns rather than one class."""
        return self.values.ndim == 2

    @property
    def classes(self) -> tuple[ClassKey, ...]:
        """All classes in the data, sorted, or the positions of all columns."""
        if self.multi_label:
            return tuple(range(self.values.shape[1]))
        return tuple(np.unique(self.values).tolist())

    def key(self, name: ClassKey) -> ClassKey:
        """The class or column that `name` means: itself, or the one that the data set calls so.

        Raises:
            LabelError: If it is not in the data.
        """
        if name in self.classes:
            return name.item() if isinstance(name, np.generic) else name
        if isinstance(name, str) and self.names.get(name) in self.classes:
            return self.names[name]
        word = "column" if self.multi_label else "class"
        raise LabelError(
            f"{word} {name!r} is not in the data; it has "
            f"{', '.join(map(repr, (*self.classes[:30], *self.names)))}. Empty classes cannot be filled"
        )

    def name(self, key: ClassKey) -> str:
        """What the data set calls a class or column, else the key itself."""
        return next((name for name, index in self.names.items() if index == key), str(key))

    def positives(self, key: ClassKey) -> NDArray[np.bool_]:
        """`(N,)` bool: which items have that class or column set."""
        return self.values[:, int(key)] == 1 if self.multi_label else self.values == key

    def counts(self) -> dict[ClassKey, int]:
        """Items of each class, or items with each column set."""
        return {key: int(self.positives(key).sum()) for key in self.classes}

    def with_painted(
        self, indices: Sequence[int] | NDArray[np.int64], keys: Sequence[ClassKey | None],
        exclusive: Iterable[int],
    ) -> "Labels":  # fmt: skip
        """These labels, followed by those of items `indices` after lesions of `keys` were painted in."""
        if not len(indices):
            return self
        if not self.multi_label:
            painted: Any = np.asarray(keys).astype(self.values.dtype)
        else:
            painted = self.values[np.asarray(indices, np.int64)]
            painted[:, list(exclusive)] = 0
            painted[np.arange(len(keys)), np.asarray(keys, np.int64)] = 1
        return Labels(np.concatenate([self.values, painted]), self.names)


def relabel(label: Any, key: ClassKey, exclusive: Iterable[int] = ()) -> Any:
    """The label after a lesion of class or column `key` was painted in, in the form of `label`.

    A class is replaced. In a vector the column is set and the columns in `exclusive` are cleared; the others,
    unknown ones too, stay as they are.

    Raises:
        LabelError: If a class cannot be written into a label of that type.
    """
    if isinstance(label, torch.Tensor) and label.ndim == 0:
        return torch.full_like(label, _number(label, key))
    if isinstance(label, np.generic) or (isinstance(label, np.ndarray) and label.ndim == 0):
        return (
            np.asarray(key).astype(label.dtype)[()]
            if isinstance(label, np.generic)
            else np.full_like(label, key)
        )
    if isinstance(label, str | int | float) or label is None:
        return key if label is None else type(label)(key)
    changes = {**{column: 0 for column in exclusive}, int(key): 1}
    if isinstance(label, torch.Tensor | np.ndarray):
        vector: Any = label.clone() if isinstance(label, torch.Tensor) else label.copy()
        for column, value in changes.items():
            vector[column] = value
        return vector
    return type(label)(type(old)(changes[i]) if i in changes else old for i, old in enumerate(label))


def same_label(carried: Any, listed: Any) -> bool:
    """Whether the label that an item carries is the one listed for it; unknown entries equal each other."""
    value = carried.tolist() if isinstance(carried, torch.Tensor | np.ndarray | np.generic) else carried
    if not isinstance(value, list | tuple) or not isinstance(listed, list):
        return bool(value == listed)
    known = [[None if entry != entry else entry for entry in row] for row in (value, listed)]
    return known[0] == known[1]


def _number(label: Any, key: ClassKey) -> int:
    if isinstance(key, str):
        raise LabelError(
            f"items carry {label.dtype} labels, but the class is {key!r}; use its number in `lesions`"
        )
    return key


def _array(labels: Any) -> NDArray[Any]:
    if isinstance(labels, torch.Tensor):
        return labels.numpy(force=True)
    rows = [row.tolist() if hasattr(row, "tolist") else row for row in labels]
    try:
        return np.asarray(rows)
    except ValueError as problem:
        raise LabelError(
            "labels do not all have the same length; give every item the same columns"
        ) from problem


def _checked_matrix(values: NDArray[Any]) -> NDArray[np.float64]:
    try:
        matrix = values.astype(np.float64)
    except (TypeError, ValueError) as problem:
        raise LabelError("multi-label entries must be numbers: 1, 0, and NaN or -1 for unknown") from problem
    bad = ~(np.isnan(matrix) | np.isin(matrix, (0.0, 1.0, UNKNOWN)))
    if bad.any():
        row, column = (int(where) for where in np.argwhere(bad)[0])
        raise LabelError(
            f"the label of item {row} holds {matrix[row, column]:g} in column {column}; "
            "use 1 (present), 0 (absent), and NaN or -1 (unknown)"
        )
    return matrix
