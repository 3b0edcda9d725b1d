"""Which training items a lesion may be painted into, and in which order, spread evenly over patients."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.data.labels import ClassKey, Labels
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
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 0xB6])
    ranks = rng.permutation(len(groups))
    images: dict[str, list[int]] = {}
    for index in np.argsort(ranks):
        if candidates[index]:
            images.setdefault(groups[index], []).append(int(index))
    patients = list(images)
    first = int(start * len(patients))
    picks = []
    for number in range(count):
        turn, place = divmod(number, len(patients))
        own = images[patients[(first + place) % len(patients)]]
        picks.append(own[turn % len(own)])
    return picks
