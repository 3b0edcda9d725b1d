"""Choose the negatives that a plan replaces by sham edits, so that an edit alone betrays no lesion."""

from collections.abc import Collection, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.data.items.labels import ClassKey, Labels
from medsynth_aug.data.planning.apportion import interleave, largest_remainder
from medsynth_aug.data.planning.backgrounds import in_turn, patients_in_order


def negative_items(
    backgrounds: NDArray[np.bool_], labels: Labels, lesions: Collection[ClassKey]
) -> NDArray[np.bool_]:
    """`(N,)` bool: the background items in which no lesion's class is set."""
    return backgrounds & ~np.any([labels.positives(key) for key in lesions], axis=0)


def choose_shams(
    negatives: NDArray[np.bool_],
    groups: Sequence[str],
    fraction: float,
    planned: Sequence[int],
    *,
    seed: int,
) -> tuple[list[int], list[int]]:
    """The items that are replaced, each once, and for each the number of the lesion that it imitates.

    Patients take turns. The lesions stand in the proportions in which they are planned; where none is
    planned, there is nothing to hide and no sham.

    Args:
        negatives: `(N,)` bool, the items to choose from.
        groups: Patient of each item.
        fraction: Share of the negatives, in [0, 1]; rounded to a whole number of items.
        planned: Samples planned with each lesion.
        seed: Decides which items.
    """
    count = round(fraction * int(negatives.sum())) if sum(planned) else 0
    if not count:
        return [], []
    order = np.random.default_rng([seed & 0xFFFFFFFF, 0x5A]).permutation(len(negatives))
    patients = patients_in_order(order[negatives[order]], groups)
    items = list(islice(in_turn(patients, {}, once=True), count))
    return items, interleave(largest_remainder(count, planned)).tolist()
