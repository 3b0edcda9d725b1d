"""What a film is known to show: a finding is absent only where the source of the film records it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from medsynth_aug.training.starter.images.radiographs import Radiograph

HEALTHY = "healthy"
LEAST = 15
"""Images that a finding needs to be learned."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What is learned of each image; NaN where it is not known.

    Args:
        names: Of the columns.
        values: `(N, T)` float32: findings, view and sex as 0 or 1, age in units of 50 years from 50.
    """

    names: tuple[str, ...]
    values: Tensor


def targets_of(radiographs: Sequence[Radiograph]) -> Targets:
    """Findings, healthy, view, sex and age of each image; the source itself is never a target."""
    findings = [frozenset(_finding(label) for label in one.labels) for one in radiographs]
    counts: dict[str, int] = {}
    recorded: dict[str, set[str]] = {}
    for one, mine in zip(radiographs, findings):
        recorded.setdefault(one.row.get("source", ""), set()).update(mine)
        for name in mine:
            counts[name] = counts.get(name, 0) + 1
    kept = sorted(name for name, count in counts.items() if count >= LEAST)
    views: dict[str, set[str]] = {}
    for one in radiographs:
        views.setdefault(one.row.get("source", ""), set()).add(one.row.get("view", ""))
    rows = []
    for one, mine in zip(radiographs, findings):
        source = one.row.get("source", "")
        row = [float(name in mine) if name in recorded[source] else np.nan for name in kept]
        both = {"PA", "AP"} <= views[source]  # else the view would tell the source
        row.append({"PA": 1.0, "AP": 0.0}.get(one.row.get("view", ""), np.nan) if both else np.nan)
        row.append({"M": 1.0, "F": 0.0}.get(one.row.get("sex", "").upper(), np.nan))
        age = one.row.get("age", "")
        row.append(float(age) / 50 - 1 if age.replace(".", "", 1).isdigit() else np.nan)
        rows.append(row)
    return Targets((*kept, "view PA", "sex M", "age"), torch.tensor(rows, dtype=torch.float32))


def _finding(label: str) -> str:
    return HEALTHY if label in ("Normal", "No Finding") else label
