"""Equal numbers of two sets in every stratum, so that what differs between them is what is asked."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from medsynth_aug.evaluation.images import EvaluationImage, ImageSet


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Two sets with the same count in each stratum.

    Args:
        first: Of the first set.
        second: Of the second set.
        left_out: Images of both that found no counterpart.
    """

    first: ImageSet
    second: ImageSet
    left_out: int


def match(first: ImageSet, second: ImageSet, *, most: int | None = None, seed: int = 0) -> Matched:
    """Draw equal numbers of both sets within each stratum, no patient on both sides.

    A patient with images in both sets counts for the one that is scarcer in the stratum.

    Args:
        first: One set.
        second: The other; an image that is in the first too is not drawn.
        most: Most images a side, shared among the strata by their size; None takes all.
        seed: Decides which are drawn.
    """
    rng = np.random.default_rng(seed)
    known = {one.digest for one in first}
    second = second.where(lambda one: one.digest not in known)
    given = len(first) + len(second)
    first, second = _apart(first, second, rng)
    strata = sorted({one.stratum for one in first} & {one.stratum for one in second})
    sides = [
        {name: [one for one in side if one.stratum == name] for name in strata} for side in (first, second)
    ]
    counts = {name: min(len(side[name]) for side in sides) for name in strata}
    total = sum(counts.values())
    if most is not None and total > most:
        counts = {name: int(np.floor(count * most / total)) for name, count in counts.items()}
    drawn = [[one for name in strata for one in _some(side[name], counts[name], rng)] for side in sides]
    kept = sum(len(side) for side in drawn)
    return Matched(
        ImageSet(first.name, tuple(drawn[0])),
        ImageSet(second.name, tuple(drawn[1])),
        given - kept,
    )


def _apart(first: ImageSet, second: ImageSet, rng: np.random.Generator) -> tuple[ImageSet, ImageSet]:
    """Both sets without the patients that were given to the other."""
    shared = set(first.patients) & set(second.patients)
    counts = [Counter(one.stratum for one in side if one.patient not in shared) for side in (first, second)]
    images = [{one.patient: one for one in side} for side in (first, second)]
    givens: list[set[str]] = [set(), set()]
    for patient in rng.permutation(sorted(shared)).tolist():
        strata = [side[patient].stratum for side in images]
        scarcer = int(counts[1][strata[1]] < counts[0][strata[0]])
        givens[scarcer].add(patient)
        counts[scarcer][strata[scarcer]] += 1
    return (
        first.where(lambda one: one.patient not in givens[1]),
        second.where(lambda one: one.patient not in givens[0]),
    )


def _some(images: list[EvaluationImage], count: int, rng: np.random.Generator) -> list[EvaluationImage]:
    """`count` of the images in their order, patients that were not drawn yet first."""
    order = rng.permutation(len(images)).tolist()
    seen: set[str] = set()
    first: list[int] = []
    later: list[int] = []
    for index in order:
        (later if images[index].patient in seen else first).append(index)
        seen.add(images[index].patient)
    return [images[index] for index in sorted([*first, *later][:count])]
