"""One table of a report: some settings over the same draws, each against the references."""

from collections.abc import Mapping, Sequence
from typing import Any

from medsynth_aug.benchmark.quality.measures import SHARE_KEPT, Measure
from medsynth_aug.benchmark.quality.paired import Row, differences, judge, means

Rows = Mapping[str, Sequence[Row]]
"""Rows by the name of the setting."""


def compare(
    name: str,
    rows: Rows,
    measures: Sequence[Measure],
    *,
    references: Sequence[str],
    deltas: Mapping[str, float] | None = None,
    least_kept: float = 0.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Means, paired differences and verdicts of every setting, JSON-serialisable.

    Args:
        name: What was painted.
        rows: What was measured.
        measures: Which figures.
        references: Settings that all are compared with.
        deltas: Largest losses; None gives no verdict.
        least_kept: Share of a lesion below which the checkpoint refuses a sample.
        seed: Seeds the intervals.
    """
    return {
        "name": name,
        "draws": len(rows[references[0]]),
        "patients": len({row.patient for row in rows[references[0]]}),
        "settings": [
            _setting(one, rows, measures, references, deltas, seed) | _below(rows[one], least_kept)
            for one in rows
        ],
    }


def _setting(
    name: str,
    rows: Rows,
    measures: Sequence[Measure],
    references: Sequence[str],
    deltas: Mapping[str, float] | None,
    seed: int,
) -> dict[str, Any]:
    mine = rows[name]
    against = {}
    for reference in references:
        found = differences(mine, rows[reference], measures, seed=seed)
        against[reference] = {"differences": {key: one.to_json() for key, one in found.items()}}
        if deltas is not None and name != reference:
            against[reference] |= judge(found, measures, deltas, rows=mine)
    return {
        "name": name,
        "refused": sum(row.values is None for row in mine),
        "means": {key: one.to_json() for key, one in means(mine, measures, seed=seed).items()},
        "against": against,
    }


def _below(rows: Sequence[Row], least_kept: float) -> dict[str, int]:
    """How many samples the checkpoint would have refused for what is left of the lesion."""
    if not least_kept:
        return {}
    shares = [row.values[SHARE_KEPT.key] for row in rows if row.values is not None]
    return {"below_least_kept": sum(share < least_kept for share in shares)}
