"""Count the classes of a data set before and after a plan, without building the new labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsynth_aug.data.items.labels import ClassKey, Labels
from medsynth_aug.data.planning.planned_samples import PlannedSamples


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """What a plan does to one class.

    Args:
        key: Class or column.
        name: What the data set calls it.
        lesion: Lesion that fills it, or None if it is left alone.
        before: Real items that have it.
        after: Real and synthetic items that have it.
    """

    key: ClassKey
    name: str
    lesion: str | None
    before: int
    after: int


def count_classes(
    labels: Labels, samples: PlannedSamples, exclusive: Sequence[int]
) -> tuple[ClassCount, ...]:
    """Every class before and after these samples are added.

    Args:
        labels: Labels of the real items.
        samples: What is added.
        exclusive: Multi-label: columns that a lesion clears.
    """
    lesions = dict(samples.settings.lesions)
    before = labels.counts()
    after = dict(before)
    for number, key in enumerate(lesions):
        painted = samples.indices[samples.lesions == number]
        if labels.multi_label:
            times = np.bincount(painted, minlength=len(labels))
            carried = times @ (labels.values == 1)
            carried[list(exclusive)] = 0
            carried[int(key)] = len(painted)
            after = {column: after[column] + int(carried[int(column)]) for column in after}
        else:
            after[key] += len(painted)
    return tuple(
        ClassCount(
            key=key,
            name=labels.name(key),
            lesion=lesions[key].name if key in lesions else None,
            before=before[key],
            after=after[key],
        )
        for key in labels.classes
    )
