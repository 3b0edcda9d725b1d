"""Which items may be painted: by their class, or by their vector of columns."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import torch

from medsynth_aug.data.items.labels import ClassKey, relabel
from medsynth_aug.errors import LabelError, SettingError

Background: TypeAlias = Collection[ClassKey] | Callable[[Any], bool] | None
"""Classes that may be painted into, or a predicate on the label (the vector, in multi-label data)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRules:
    """What labels mean to the transform.

    Args:
        lesions: Class or column of each lesion that can be painted, to its name.
        background: Classes that may be painted into; in multi-label data a predicate on the vector, or None:
            no lesion column is set.
        exclusive: Columns such as "No Finding" that a painted lesion clears.

    Raises:
        LabelError: If a class is lesion and background at once, or a column lesion and exclusive.
    """

    lesions: Mapping[ClassKey, str]
    background: Background = None
    exclusive: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        both = set(self.lesions) & set(self.exclusive)
        if self.background is not None and not callable(self.background):
            if isinstance(self.background, str):
                raise SettingError(f"background is {self.background!r}; give a list: [{self.background!r}]")
            both |= set(self.lesions) & set(self.background)
        if both:
            raise LabelError(
                f"{sorted(both, key=str)} is a lesion in `lesions` and also in `background` or `exclusive`; "
                "one class cannot be both"
            )

    def accepts(self, label: Any) -> bool:
        """Whether a lesion may be painted into the image that carries this label.

        Raises:
            LabelError: If the label has no known form, no such column, or needs `background` classes.
        """
        column_count = vector_length(label)
        if column_count is not None:
            self._check_columns(column_count)
        if callable(self.background):
            return bool(self.background(label))
        if column_count is not None and self.background is not None:
            raise LabelError(
                f"the label has {column_count} columns, so `background` is a predicate on the vector, for "
                "example background=lambda label: label[0] == 1; None means that no lesion column is set"
            )
        if column_count is not None:
            return not any(bool(label[column] == 1) for column in self.lesions)  # type: ignore[index]
        if self.background is None:
            raise LabelError(
                f"the label {label!r} is a single class, so `background` must say which classes "
                "may be painted into: background=[0]"
            )
        return _class_of(label) in self.background

    def painted(self, label: Any, key: ClassKey) -> Any:
        """The label after the lesion of `key` was painted in, in the form and type that it came in.

        Raises:
            LabelError: If the label's type cannot hold that class.
        """
        try:
            new = relabel(label, key, self.exclusive)
        except (ValueError, OverflowError, RuntimeError) as problem:
            raise LabelError(f"the label {label!r} cannot become class {key!r}: {problem}") from problem
        if vector_length(label) is None and _class_of(new) != key:
            raise LabelError(
                f"the label {label!r} of type {type(label).__name__} cannot hold class {key!r}; "
                "use integer labels"
            )
        return new

    def _check_columns(self, column_count: int) -> None:
        wanted: Iterable[Hashable] = (*self.lesions, *self.exclusive)
        bad = [key for key in wanted if not isinstance(key, int) or not 0 <= key < column_count]
        if bad:
            raise LabelError(
                f"column {bad[0]!r} is not in a label vector of {column_count} columns; the keys of "
                "`lesions` and `exclusive` are positions from 0 in multi-label data"
            )


def vector_length(label: Any) -> int | None:
    """Number of columns of a multi-label vector, or None if the label is a single class.

    Raises:
        LabelError: If it is neither.
    """
    if isinstance(label, str | int | float | np.generic):
        return None
    shape = tuple(label.shape) if isinstance(label, torch.Tensor | np.ndarray) else np.shape(label)
    if len(shape) == 1 and shape[0] > 0:
        return int(shape[0])
    if shape == () and isinstance(label, torch.Tensor | np.ndarray):
        return None
    raise LabelError(
        f"the label {label!r} is a {type(label).__name__}; it must be a class (number or text) or a vector "
        "with one entry for each column"
    )


def _class_of(label: Any) -> ClassKey:
    if isinstance(label, torch.Tensor | np.ndarray | np.generic):
        label = label.item()
    return cast(ClassKey, label)
