"""The training split as planning sees it: checked items, labels and patients."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth_aug.data.items.item import ItemAdapter
from medsynth_aug.data.items.label_pass import find_labels
from medsynth_aug.data.items.labels import ClassKey, Labels, same_label
from medsynth_aug.data.items.reading import RangeOfItems, SourceReader, SpacingOfItems
from medsynth_aug.data.planning.wish import Wish
from medsynth_aug.data.splits.groups import Groups, check_holdout, resolve_groups
from medsynth_aug.errors import LabelError, PlanError, SettingError
from medsynth_aug.lesions import Lesion, resolve_lesion

PROBES = 4
"""Items that are looked at before anything else is done."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The training split as planning sees it: items, labels and patients."""

    reader: SourceReader
    labels: Labels
    groups: list[str]

    def keys(self, wish: Wish) -> dict[ClassKey, Lesion]:
        """The resolved lesion of each class or column."""
        if not wish.lesions:
            raise PlanError(
                "lesions is empty; name a lesion for a class, for example lesions={3: 'pneumothorax'}"
            )
        return {self.labels.key(name): resolve_lesion(lesion) for name, lesion in wish.lesions.items()}

    def exclusive(self, wish: Wish) -> tuple[int, ...]:
        """Positions of the columns that a lesion clears."""
        keys = [self.labels.key(name) for name in wish.exclusive]
        if keys and not self.labels.multi_label:
            raise SettingError(
                "exclusive names columns of multi-label data, but these labels are single classes"
            )
        both = set(keys) & {self.labels.key(name) for name in wish.lesions}
        if both:
            raise LabelError(
                f"column {', '.join(map(str, both))} is in `exclusive` and in `lesions`; take it out of one"
            )
        return tuple(int(key) for key in keys)


def take_in(
    source: Any,
    *,
    labels: Any,
    groups: Groups | None,
    holdout_groups: Iterable[Any] | None,
    value_range: RangeOfItems,
    spacing_mm: SpacingOfItems,
    item: ItemAdapter | None,
    folder: Path | None = None,
    progress: bool = True,
) -> TrainingData:
    """The user's training split, checked: patients first, then items, then labels."""
    groups = getattr(source, "groups", None) if groups is None else groups
    if groups is None:
        resolve_groups(groups, 0)
    value_range = getattr(source, "value_range", None) if value_range is None else value_range
    spacing_mm = getattr(source, "spacing_mm", None) if spacing_mm is None else spacing_mm
    reader = SourceReader(source, item, value_range=value_range, spacing_mm=spacing_mm)
    names = resolve_groups(groups, len(reader))
    check_holdout(groups, names, holdout_groups)
    reader.check_repeatable(range(min(PROBES, len(reader))))
    found = find_labels(labels, reader, folder=folder, progress=progress)
    known = Labels.of(found, count=len(reader), names=getattr(source, "class_to_idx", None))
    _check_agreement(reader, known)
    return TrainingData(reader, known, names)


def _check_agreement(reader: SourceReader, labels: Labels) -> None:
    """Check that the first items carry the labels listed for them, so that a new one can be written."""
    for index in range(min(PROBES, len(reader))):
        carried, listed = reader.read(index)[1].label, labels.values[index].tolist()
        if carried is not None and not same_label(carried, listed):
            raise LabelError(
                f"item {index} carries the label {carried!r} but {listed!r} is listed for it; make `labels` "
                "(or the targets of the source) and the items agree, or name the right place with "
                "item=ItemAdapter(...)"
            )
