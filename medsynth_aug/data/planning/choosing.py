"""Choose the background of every sample: classes and patients take turns, strata keep their shares."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.data.items.labels import ClassKey, Labels
from medsynth_aug.data.planning.apportion import interleave, largest_remainder
from medsynth_aug.data.planning.backgrounds import in_turn, order_of_items, patients_in_order
from medsynth_aug.data.planning.confounders import Strata
from medsynth_aug.data.planning.strategy import Quota
from medsynth_aug.data.planning.wish import Wish
from medsynth_aug.errors import PlanError

STRATA_NAMED = 6
"""Strata of one class that a note names one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The chosen backgrounds.

    Args:
        items: Class -> item of each of its samples, in order.
        notes: What could not be done as asked, a sentence each.
    """

    items: dict[ClassKey, list[int]]
    notes: tuple[str, ...]


def choose_backgrounds(
    labels: Labels,
    groups: Sequence[str],
    backgrounds: NDArray[np.bool_],
    quotas: Mapping[ClassKey, Quota],
    wish: Wish,
) -> Choice:
    """A background for each granted sample, as far as cap and strata allow.

    The classes take one sample each in turn, so that under a cap a small class is filled before a large one
    has used up the patients. Within a class the patients take turns, in each stratum by themselves.

    Args:
        labels: Labels of all items.
        groups: Patient of each item.
        backgrounds: `(N,)` bool, the items that qualify.
        quotas: Samples granted to each class that has a lesion.
        wish: Gives cap, attributes to match and seed.

    Raises:
        PlanError: If a class has no background at all.
        SettingError: If an attribute to match does not have one value for each item.
    """
    strata = Strata.of(wish.match, len(labels))
    order = order_of_items(len(labels), wish.seed)
    used: dict[str, int] = {}
    queues = []
    for number, (key, quota) in enumerate(quotas.items()):
        candidates = backgrounds & ~labels.positives(key)
        if quota.granted and not candidates.any():
            raise PlanError(f"every background item has {labels.name(key)!r} already; widen `background`")
        items = order[candidates[order]]
        supply = [
            in_turn(
                patients_in_order(of_stratum, groups, start=number / len(quotas)),
                used,
                most=wish.max_per_patient,
            )
            for of_stratum in strata.split(items)
        ]
        shares = strata.counts(labels.positives(key)) if strata.attributes else np.ones(1, np.int64)
        queues.append(_Queue(key, quota.granted, shares, supply, strict=wish.match_strict))
    active = list(queues)
    while active:
        active = [queue for queue in active if queue.advance()]
    notes = [
        note
        for queue in queues
        for note in _notes(queue, labels.name(queue.key), strata, backgrounds & ~labels.positives(queue.key),
                           wish)
    ]  # fmt: skip
    return Choice({queue.key: queue.picks for queue in queues}, tuple(notes))


class _Queue:
    """The samples of one class: which stratum comes next, and the items that it may take there."""

    def __init__(
        self,
        key: ClassKey,
        wanted: int,
        shares: NDArray[np.int64],
        supply: Sequence[Iterator[int]],
        *,
        strict: bool,
    ) -> None:
        self.key = key
        self.wanted = wanted
        self.picks: list[int] = []
        self.missed: Counter[int] = Counter()
        self._open, self._supply, self._strict = shares.copy(), supply, strict
        self._turns = iter(interleave(largest_remainder(wanted, shares)).tolist())

    def advance(self) -> bool:
        """Take one sample; False once there is none left to take."""
        stratum = next(self._turns, None)
        if stratum is None:
            return self._go_on_elsewhere()
        item = next(self._supply[stratum], None)
        if item is None:
            self.missed[stratum] += 1
            self._open[stratum] = 0
        else:
            self.picks.append(item)
        return True

    def _go_on_elsewhere(self) -> bool:
        """Give what the exhausted strata lack to the others, unless matching is strict."""
        short = self.wanted - len(self.picks)
        if self._strict or not short or not self._open.any():
            return False
        self._turns = iter(interleave(largest_remainder(short, self._open)).tolist())
        return True


def _notes(
    queue: _Queue, name: str, strata: Strata, candidates: NDArray[np.bool_], wish: Wish
) -> Iterator[str]:
    """What the class did not get as asked, and why."""
    empty = strata.counts(candidates) == 0
    unmatched = [stratum for stratum in sorted(queue.missed) if empty[stratum]]
    if unmatched:
        named = [f"{strata.told(one)} ({queue.missed[one]})" for one in unmatched[:STRATA_NAMED]]
        if len(unmatched) > STRATA_NAMED:
            named.append(f"{len(unmatched) - STRATA_NAMED} more strata")
        count = sum(queue.missed[one] for one in unmatched)
        fate = "left out" if wish.match_strict or not queue.picks else "given to the other strata"
        yield (
            f"{name}: {count} of {queue.wanted} samples could not be matched, no background has "
            f"{'; '.join(named)}; they were {fate}"
        )
    if queue.wanted > len(queue.picks) and any(not empty[stratum] for stratum in queue.missed):
        full = queue.wanted - len(queue.picks)
        if wish.match_strict:
            full -= sum(queue.missed[stratum] for stratum in unmatched)
        yield (
            f"{name}: {full} of {queue.wanted} samples were left out, the patients hold max_per_patient="
            f"{wish.max_per_patient} already"
        )
