"""What readers said, as arrays: every reader of every case, as far as all of them have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.review.study.answers import Answer
from medsynth_aug.review.study.documents import Key
from medsynth_aug.review.study.study import Study


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """The first answers of all readers to the same cases.

    Args:
        readers: Who reads.
        synthetic: `(cases,)` bool.
        labels: `(cases,)` text, the true class.
        ratings: `(readers, cases)`, -5 (certainly real) to 5 (certainly synthetic), never 0.
        diagnoses: `(readers, cases)` text.
        seconds: `(readers, cases)`.
        again: `(readers, cases)` ratings of repeats; not a number where there is none.
        diagnoses_again: `(readers, cases)` text; empty where there is none.
    """

    readers: tuple[str, ...]
    synthetic: NDArray[np.bool_]
    labels: NDArray[np.str_]
    ratings: NDArray[np.float64]
    diagnoses: NDArray[Any]
    seconds: NDArray[np.float64]
    again: NDArray[np.float64]
    diagnoses_again: NDArray[Any]

    @property
    def called(self) -> NDArray[np.bool_]:
        """`(readers, cases)`, True where an image was called synthetic."""
        return np.asarray(self.ratings > 0)

    @property
    def counted(self) -> dict[str, int]:
        """How many readers, where more than one, and cases."""
        cases = {"cases": len(self.synthetic)}
        return {"readers": len(self.readers), **cases} if len(self.readers) > 1 else cases

    def where(self, kept: NDArray[np.bool_]) -> "Readings":
        """The readings of some cases."""
        return Readings(
            readers=self.readers, synthetic=self.synthetic[kept], labels=self.labels[kept],
            **{name: getattr(self, name)[:, kept] for name in _BY_READER},
        )  # fmt: skip

    def of(self, reader: int) -> "Readings":
        """The readings of one reader."""
        return Readings(
            readers=(self.readers[reader],), synthetic=self.synthetic, labels=self.labels,
            **{name: getattr(self, name)[[reader]] for name in _BY_READER},
        )  # fmt: skip


_BY_READER = ("ratings", "diagnoses", "seconds", "again", "diagnoses_again")

Firsts = dict[str, dict[str, Answer]]


def first_answers(study: Study, readers: Sequence[str]) -> Firsts:
    """Reader -> image -> the answer that counts.

    Raises:
        StudyError: If an answer was changed.
    """
    return {reader: {one.item: one for one in study.answers(reader) if one.counts} for reader in readers}


def looks_reached(study: Study, key: Key, firsts: Firsts) -> int:
    """How many looks all readers have come to: each has answered every case up to there."""
    for look in range(study.design.looks):
        wanted = {item.case for item in key.items.values() if item.block <= look}
        for answered in firsts.values():
            if not wanted <= {key.items[name].case for name in answered}:
                return look
    return study.design.looks


def readings_of(study: Study, key: Key, firsts: Firsts, look: int) -> Readings:
    """The readings of all cases up to a look that was reached.

    Args:
        study: The study.
        key: What its images are.
        firsts: The answers that count.
        look: 1 for the first.
    """
    truth = {item.case: item for item in key.items.values() if item.block < look}
    column = {case: number for number, case in enumerate(sorted(truth))}
    shape = len(firsts), len(column)
    ratings, seconds, again = (np.full(shape, np.nan) for _ in range(3))
    diagnoses, diagnoses_again = np.full(shape, "", object), np.full(shape, "", object)
    for row, (reader, answered) in enumerate(firsts.items()):
        for name in study.design.orders[reader]:
            place = column.get(key.items[name].case)
            if place is None or name not in answered:
                continue
            answer = answered[name]
            if np.isnan(ratings[row, place]):
                ratings[row, place], seconds[row, place] = answer.rating, answer.seconds
                diagnoses[row, place] = answer.diagnosis
            else:
                again[row, place], diagnoses_again[row, place] = answer.rating, answer.diagnosis
    held = [truth[case] for case in column]
    return Readings(
        readers=tuple(firsts), synthetic=np.array([one.arm == "synthetic" for one in held]),
        labels=np.array([one.label for one in held]), ratings=ratings, diagnoses=diagnoses, seconds=seconds,
        again=again, diagnoses_again=diagnoses_again,
    )  # fmt: skip
