"""Which training items a lesion may be painted into, and in which order, spread evenly over patients."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.data.items.labels import ClassKey, Labels
from medsynth_aug.errors import PlanError, SettingError

Background: TypeAlias = Iterable[ClassKey] | Callable[[NDArray[Any]], bool] | None
"""Classes (single-label), or a predicate on the label vector (multi-label; None: no lesion column is set)."""


def background_items(
    background: Background, labels: Labels, lesions: Collection[ClassKey]
) -> NDArray[np.bool_]:
    """`(N,)` bool: the items that qualify as background.

    Raises:
        SettingError: If the form does not fit the labels.
        LabelError: If a class is not in the data.
        PlanError: If a class is background and lesion at once, or no item qualifies.
    """
    if labels.multi_label:
        chosen = _by_predicate(background, labels, lesions)
    else:
        chosen = _by_class(background, labels, lesions)
    if not chosen.any():
        raise PlanError("no training item qualifies as background; widen `background`, or add normal images")
    return chosen


def _by_class(background: Background, labels: Labels, lesions: Collection[ClassKey]) -> NDArray[np.bool_]:
    if background is None or callable(background) or isinstance(background, str | int):
        raise SettingError(
            "background must list the classes into whose images a lesion may be painted, for example "
            "background=[0]"
        )
    keys = [labels.key(name) for name in background]
    both = [labels.name(key) for key in keys if key in lesions]
    if both:
        raise PlanError(
            f"class {', '.join(both)} is in `background` and in `lesions`; a lesion is painted into healthy "
            "images only"
        )
    return np.isin(labels.values, np.asarray(keys, labels.values.dtype))


def _by_predicate(background: Background, labels: Labels, lesions: Collection[ClassKey]) -> NDArray[np.bool_]:
    if background is None:
        return ~(labels.values[:, [int(key) for key in lesions]] == 1).any(axis=1)
    if not callable(background):
        raise SettingError(
            "the data is multi-label, so background is a predicate on the label vector, for example "
            "background=lambda label: label[0] == 1; None means that no lesion column is set"
        )
    return np.fromiter((bool(background(row)) for row in labels.values), bool, len(labels))


def patients_in_order(
    items: NDArray[np.int64], groups: Sequence[str], *, start: float = 0.0
) -> list[tuple[str, list[int]]]:
    """Patients with their items, both in the order of the items given.

    Args:
        items: `(M,)` the items to choose from, in the order that chance gave them.
        groups: Patient of each item of the data set.
        start: Share of the patients that is put last, in [0, 1): lets each lesion start elsewhere.
    """
    images: dict[str, list[int]] = {}
    for index in items.tolist():
        images.setdefault(groups[index], []).append(index)
    patients = list(images.items())
    first = int(start * len(patients))
    return patients[first:] + patients[:first]


def in_turn(
    patients: Sequence[tuple[str, Sequence[int]]],
    used: dict[str, int],
    *,
    most: int | None = None,
    once: bool = False,
) -> Iterator[int]:
    """Items, one patient after the other, and a patient's items in turn.

    Args:
        patients: Patients with their items.
        used: Items given of each patient so far; counted on here, and may be shared with other callers.
        most: Most items of one patient, counted in `used`; None for no limit.
        once: Give each item once only.

    Yields:
        Items without end, unless `most` or `once` ends them.
    """
    turn, left = 0, list(patients)
    while left:
        for patient, items in left:
            if most is None or used.get(patient, 0) < most:
                used[patient] = used.get(patient, 0) + 1
                yield items[turn % len(items)]
        turn += 1
        left = [
            (patient, items)
            for patient, items in left
            if not (once and turn >= len(items)) and (most is None or used.get(patient, 0) < most)
        ]


def order_of_items(count: int, seed: int) -> NDArray[np.int64]:
    """The items 0 to `count` - 1 in the order that the seed decides."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 0xB6])
    return np.argsort(rng.permutation(count))


def pick_backgrounds(
    candidates: NDArray[np.bool_], groups: Sequence[str], count: int, *, seed: int, start: float = 0.0
) -> list[int]:
    """`count` items, every patient used equally often, give or take one, and a patient's images in turn.

    The first picks do not depend on `count`, so a larger plan contains the smaller one.

    Args:
        candidates: `(N,)` bool, the items to choose from.
        groups: Patient of each item.
        count: Number of picks, with repetition where it exceeds the items.
        seed: Decides the order of patients and of their images.
        start: Share of the patients that is passed over first, in [0, 1): lets each lesion start elsewhere.
    """
    order = order_of_items(len(groups), seed)
    patients = patients_in_order(order[candidates[order]], groups, start=start)
    return list(islice(in_turn(patients, {}), count))
