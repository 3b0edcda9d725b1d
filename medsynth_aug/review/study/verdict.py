"""What a study comes to: told apart, indistinguishable within its margin, or undecided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medsynth_aug.review.study.readings import Readings
from medsynth_aug.review.study.statistics.areas import areas_with_covariance, mean_area
from medsynth_aug.review.study.statistics.boundaries import confidence_levels
from medsynth_aug.review.study.statistics.proportions import wilson_interval

Outcome = Literal["indistinguishable", "told apart", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The readers' mean AUC at one look.

    Args:
        number: Which look, from 1.
        cases: Cases that all readers had answered.
        auc: Mean of the readers' AUCs.
        low: Lower bound of its interval.
        high: Upper bound.
        level: Level of the interval, so wide that the intervals of all looks hold together.
        outcome: What the interval says.
    """

    number: int
    cases: int
    auc: float
    low: float
    high: float
    level: float
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyVerdict:
    """What a study comes to.

    Args:
        outcome: Of the first look that decides; "undecided" if none does.
        reason: Why, in one sentence.
        decided_at: Number of that look; None if none decides.
        cautions: What a reader of the verdict must know.
    """

    outcome: Outcome
    reason: str
    decided_at: int | None
    cautions: tuple[str, ...] = ()


def take_look(readings: Readings, number: int, *, looks: int, margin: float, alpha: float) -> Look:
    """The mean AUC at a look, and what its interval says.

    Equivalence by inclusion of the interval: Schuirmann, "A comparison of the two one-sided tests procedure
    and the power approach", Journal of Pharmacokinetics and Biopharmaceutics 15 (1987) 657, here with the
    two-sided interval of level 1 - alpha, which is stricter than that of 1 - 2 alpha.

    Args:
        readings: What readers had said by then.
        number: Which look, from 1.
        looks: How many are planned.
        margin: Half width of the range that counts as indistinguishable.
        alpha: Two-sided error of all looks together.
    """
    level = confidence_levels(looks, alpha)[number - 1]
    area = mean_area(*areas_with_covariance(readings.ratings, readings.synthetic), level=level)
    outcome: Outcome = "undecided"
    if same_rating(readings):
        outcome = "undecided"
    elif 0.5 - margin <= area.low and area.high <= 0.5 + margin:
        outcome = "indistinguishable"
    elif area.low > 0.5 or area.high < 0.5:
        outcome = "told apart"
    return Look(
        number=number, cases=len(readings.synthetic), auc=area.value, low=area.low, high=area.high,
        level=level, outcome=outcome,
    )  # fmt: skip


def judge(
    looks: Sequence[Look], readings: Readings, *, margin: float, classes: Sequence[str]
) -> StudyVerdict:
    """The verdict of the looks that were taken.

    Args:
        looks: In order, at least one.
        readings: What readers had said by the last one.
        margin: As the study states it.
        classes: The diagnoses that readers could choose from.
    """
    decided = next((one for one in looks if one.outcome != "undecided"), None)
    shown = decided or looks[-1]
    interval = (
        f"at look {shown.number} the AUC is {shown.auc:.3f}, its {100 * shown.level:.2f} % interval "
        f"{shown.low:.3f} to {shown.high:.3f}"
    )
    ends = f"{0.5 - margin:g} to {0.5 + margin:g}"
    silent = same_rating(readings)
    if decided is None and silent:
        reason = f"{', '.join(silent)} gave the same answer to every image, which says nothing of the images"
    elif shown.outcome == "indistinguishable":
        reason = f"{interval}, which lies wholly within {ends}, the range stated when the study was made"
    elif shown.outcome == "told apart":
        reason = f"{interval}, which leaves out 0.5, where readers guess, and is not within {ends}"
    else:
        reason = f"{interval}, which neither lies within {ends} nor leaves out 0.5: more cases or readers"
    return StudyVerdict(
        outcome=shown.outcome, reason=reason, decided_at=decided.number if decided else None,
        cautions=tuple(_cautions(shown, readings, classes)),
    )  # fmt: skip


def same_rating(readings: Readings) -> list[str]:
    """Readers who gave one rating to every image: an AUC of 0.5 without any spread proves nothing."""
    return [reader for reader, row in zip(readings.readers, readings.ratings) if len(np.unique(row)) == 1]


def _cautions(look: Look, readings: Readings, classes: Sequence[str]) -> list[str]:
    told = []
    if len(readings.readers) == 1:
        told.append("one reader: the interval speaks of other cases, not of other readers")
    if look.outcome == "indistinguishable" and (look.low > 0.5 or look.high < 0.5):
        told.append("the interval leaves out 0.5: readers tell the arms apart, by less than the margin")
    if look.high < 0.5:
        told.append("readers took synthetic images for real more often than real ones: they do differ")
    if look.outcome != "told apart" and len(classes) > 1 and len(np.unique(readings.labels)) > 1:
        right = (readings.diagnoses == readings.labels).sum(axis=1)
        poor = [
            reader
            for reader, count in zip(readings.readers, right)
            if wilson_interval(int(count), len(readings.labels))[0] <= 1 / len(classes)
        ]
        if poor:
            told.append(
                f"the diagnoses of {', '.join(poor)} are not shown to be better than chance: who does not "
                "look cannot tell real from synthetic either"
            )
    return told
