"""Paired differences to a reference, with their intervals over patients, and the verdict on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medsynth_aug.benchmark.quality.measures import Measure
from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import Figure, mean_figure

FEWEST_PATIENTS = 5
"""Patients below which an interval says too little for a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured of one draw under one setting.

    Args:
        draw: Digest of the draw, by which settings are paired.
        patient: Whose film it is.
        values: Each figure; None where the engine refused.
        refused: Why; "" where it did not.
    """

    draw: str
    patient: str
    values: Mapping[str, float] | None
    refused: str = ""


def means(rows: Sequence[Row], measures: Sequence[Measure], *, seed: int) -> dict[str, Figure]:
    """Each figure's mean over the draws that were painted."""
    made = [(row.values, row.patient) for row in rows if row.values is not None]
    return {
        one.key: mean_figure(
            one.title, [values[one.key] for values, _ in made], [patient for _, patient in made], seed=seed,
            unit="draws",
        )
        for one in measures
    }  # fmt: skip


def differences(
    rows: Sequence[Row], reference: Sequence[Row], measures: Sequence[Measure], *, seed: int
) -> dict[str, Figure]:
    """Each figure's mean difference to the reference, draw by draw, with its interval over patients.

    Args:
        rows: Under one setting.
        reference: Under the reference.
        measures: What is compared.
        seed: Seeds the intervals.

    Raises:
        SettingError: If the two were not painted from the same draws.
    """
    by_draw = {row.draw: row for row in reference}
    if by_draw.keys() != {row.draw for row in rows}:
        raise SettingError(
            "two settings were painted from different draws, so no difference between them is paired; give "
            "them the same films, lesions, seed and slots"
        )
    pairs = [
        (row.values, other, row.patient)
        for row in rows
        if row.values is not None and (other := by_draw[row.draw].values) is not None
    ]
    return {
        one.key: mean_figure(
            one.title, [mine[one.key] - theirs[one.key] for mine, theirs, _ in pairs],
            [patient for _, _, patient in pairs], seed=seed, unit="draws",
        )
        for one in measures
    }  # fmt: skip


def judge(
    found: Mapping[str, Figure],
    measures: Sequence[Measure],
    deltas: Mapping[str, float],
    *,
    rows: Sequence[Row],
) -> dict[str, Any]:
    """Whether quality is kept: the bound of every judged difference lies within its delta.

    The lower bound must be above minus delta, or the upper one below delta where higher is worse; both where
    any departure is a loss. A refused sample is quality lost.

    Args:
        found: The differences.
        measures: What is asked.
        deltas: Largest loss of each.
        rows: Under the setting.

    Returns:
        `verdict` ("kept", "not kept" or "not judged"), `lost` (titles of the figures that fail), `why`.
    """
    refused = sum(row.values is None for row in rows)
    patients = len({row.patient for row in rows})
    if refused:
        return {"verdict": "not kept", "lost": [], "why": f"the engine refused {refused} of {len(rows)}"}
    if patients < FEWEST_PATIENTS:
        return {
            "verdict": "not judged",
            "lost": [],
            "why": f"{patients} patients, of {FEWEST_PATIENTS} needed",
        }
    lost = [one.title for one in measures if one.judged and not _within(found[one.key], one, deltas[one.key])]
    return {"verdict": "not kept" if lost else "kept", "lost": lost, "why": ""}


def _within(figure: Figure, measure: Measure, delta: float) -> bool:
    if figure.low is None or figure.high is None:
        return False
    above, below = figure.low > -delta, figure.high < delta
    return {"lower": above, "higher": below, "other": above and below}[measure.worse]
