"""How many samples each class gets: imbalanced-learn's `sampling_strategy`, then the cap."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from medsynth_aug.bank.producer.given import finite_number
from medsynth_aug.data.items.labels import ClassKey, Labels
from medsynth_aug.errors import LabelError, PlanError, SettingError

SamplingStrategy: TypeAlias = str | float | Mapping[Any, int] | Callable[[Any], Mapping[Any, int]]
"""A name (`NAMES`; `"auto"` is `"not majority"`), a float, a dict class -> wanted total, or a callable."""

NAMES = ("auto", "not majority", "minority", "not minority", "all")

FORCED_ABOVE = 10.0
"""More synthetic samples than this per real positive need `force=True`."""


class Quota(NamedTuple):
    """How many synthetic samples of a class the strategy wants, and how many are granted."""

    wanted: int
    granted: int


def resolve_strategy(
    strategy: SamplingStrategy,
    labels: Labels,
    lesions: Collection[ClassKey],
    *,
    max_ratio: float = 1.0,
    force: bool = False,
    targets: Sequence[ClassKey] | None = None,
) -> dict[ClassKey, Quota]:
    """Samples to make for each class in `lesions`, wanted and granted.

    The forms are those of imbalanced-learn's over-samplers (Lemaître et al., JMLR 18(17), 2017): names and
    floats
    are measured against the largest class, a dict holds totals with the real ones included.

    Args:
        strategy: What is wanted.
        labels: Labels of the real items.
        lesions: The classes or columns that can be painted; others are left alone.
        max_ratio: Cap of synthetic samples per real positive, above 0.
        force: Allow a `max_ratio` above 10.
        targets: Multi-label only: the columns that count as classes for names and floats.

    Raises:
        SettingError: If the strategy or the cap has no known form.
        LabelError: If a class is empty, not in the data or not in `lesions`.
        PlanError: If the strategy names no class that can be painted.
    """
    _check_cap(max_ratio, force)
    counts = labels.counts()
    for key in lesions:
        if counts[key] == 0:
            raise LabelError(
                f"class {labels.name(key)!r} has no real item; the cap is {max_ratio:g} synthetic samples "
                "per real positive, so an empty class cannot be filled: add real cases or take it out of "
                "`lesions`"
            )
    wanted = _wanted(strategy, labels, counts, lesions, targets)
    return {
        key: Quota(wanted.get(key, 0), min(wanted.get(key, 0), math.floor(max_ratio * counts[key] + 1e-9)))
        for key in lesions
    }


def _wanted(
    strategy: SamplingStrategy,
    labels: Labels,
    counts: Mapping[ClassKey, int],
    lesions: Collection[ClassKey],
    targets: Sequence[ClassKey] | None,
) -> dict[ClassKey, int]:
    if callable(strategy):
        strategy = strategy(labels.values)
    if isinstance(strategy, Mapping):
        return _from_totals(strategy, labels, counts, lesions)
    if isinstance(strategy, str) and strategy not in NAMES:
        raise SettingError(
            f"sampling_strategy is {strategy!r}; choose from {', '.join(NAMES)}, or give a float, a dict or "
            "a callable"
        )
    if isinstance(strategy, bool) or not isinstance(strategy, str | int | float):
        raise SettingError(f"sampling_strategy is {strategy!r}; give a name, a float, a dict or a callable")
    if labels.multi_label:
        if targets is None:
            raise SettingError(
                f"sampling_strategy={strategy!r} compares classes, but the data is multi-label: give a dict "
                "column -> wanted total, a callable, or targets=[columns that count as classes]"
            )
        counts = {labels.key(column): counts[labels.key(column)] for column in targets}
    if isinstance(strategy, str):
        return _from_name(strategy, labels, counts, lesions)
    return _from_ratio(float(strategy), labels, counts, lesions)


def _from_totals(
    totals: Mapping[Any, int], labels: Labels, counts: Mapping[ClassKey, int], lesions: Collection[ClassKey]
) -> dict[ClassKey, int]:
    wanted = {}
    for name, total in totals.items():
        key = labels.key(name)
        if key not in lesions:
            raise LabelError(
                f"sampling_strategy asks for class {name!r}, which has no lesion; add it to `lesions`"
            )
        finite_number(f"sampling_strategy[{name!r}]", total)
        if int(total) != total or total < counts[key]:
            raise SettingError(
                f"sampling_strategy wants {total} items of class {name!r}, which has {counts[key]} real "
                "ones; over-sampling only adds: give the total with the real ones included"
            )
        wanted[key] = int(total) - counts[key]
    return wanted


def _from_name(
    name: str, labels: Labels, counts: Mapping[ClassKey, int], lesions: Collection[ClassKey]
) -> dict[ClassKey, int]:
    majority = max(counts, key=lambda key: counts[key])
    minority = min(counts, key=lambda key: counts[key])
    chosen = {
        "auto": [key for key in counts if key != majority],
        "not majority": [key for key in counts if key != majority],
        "minority": [minority],
        "not minority": [key for key in counts if key != minority],
        "all": list(counts),
    }[name]
    paintable = [key for key in chosen if key in lesions]
    if not paintable:
        raise PlanError(
            f"sampling_strategy={name!r} chooses {', '.join(labels.name(key) for key in chosen)}, but "
            f"`lesions` has {', '.join(labels.name(key) for key in lesions)}; name a lesion for them or "
            "choose another strategy"
        )
    return {key: counts[majority] - counts[key] for key in paintable}


def _from_ratio(
    ratio: float, labels: Labels, counts: Mapping[ClassKey, int], lesions: Collection[ClassKey]
) -> dict[ClassKey, int]:
    if len(counts) != 2:
        raise SettingError(
            f"sampling_strategy={ratio:g} is a ratio of two classes, but there are {len(counts)}; give a "
            "name or a dict"
        )
    if not 0 < ratio <= 1:
        raise SettingError(f"sampling_strategy is {ratio:g}; minority over majority must be in (0, 1]")
    minority = min(counts, key=lambda key: counts[key])
    majority = next(key for key in counts if key != minority)
    if minority not in lesions:
        raise PlanError(
            f"sampling_strategy={ratio:g} fills class {labels.name(minority)!r}, which has no lesion; add "
            "it to `lesions`"
        )
    added = int(ratio * counts[majority]) - counts[minority]
    if added < 0:
        raise SettingError(
            f"sampling_strategy={ratio:g} would take items away: class {labels.name(minority)!r} already "
            f"stands at {counts[minority] / counts[majority]:.3g} of the majority; give a larger ratio"
        )
    return {minority: added}


def _check_cap(max_ratio: float, force: bool) -> None:
    if finite_number("max_ratio", max_ratio) <= 0:
        raise SettingError(f"max_ratio is {max_ratio}; it must be above 0")
    if max_ratio > FORCED_ABOVE and not force:
        raise SettingError(
            f"max_ratio is {max_ratio:g}: more than {FORCED_ABOVE:g} synthetic samples per real positive "
            "mostly repeat what the lesion prior already knows; pass force=True if this is what you want"
        )
