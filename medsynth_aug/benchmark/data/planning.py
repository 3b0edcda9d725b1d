"""How long a large plan takes and how much memory, beside a small one, each in a process of its own."""

import json
from typing import Any

from medsynth_aug.benchmark.data.child import end, start, told
from medsynth_aug.benchmark.data.figures import figure, part
from medsynth_aug.benchmark.data.settings import DataSettings

SMALL = 10_000
"""Samples of the plan that the large one is shown beside."""

REPEATS = 3
"""How often each plan is made at most."""

FIGURES = (
    ("plan_s", "to plan", "s"),
    ("requests_s", "to build every request once", "s"),
    ("grown_mib", "memory that this added", "MiB"),
    ("peak_mib", "memory of the process", "MiB"),
)
NOTES = (
    "Pictures of 8 x 8 in memory, ten samples for each real item of one rare class, 20,000 backgrounds for a "
    "million samples, each read once. Memory is the highest resident size; that of the process holds torch.",
)


def measure_plan(settings: DataSettings) -> dict[str, Any]:
    """The part of the report.

    Args:
        settings: How often and how many.
    """
    counts = (min(SMALL, settings.planned // 2), settings.planned)
    found: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
    for _ in range(min(REPEATS, settings.rounds)):
        for count in counts:
            process = start("plan_script.py", count)
            try:
                found[count].append(json.loads(told(process)))
            finally:
                end(process)
    figures = [
        figure(what, [one[name] for one in found[count]], unit, of=f"{count:,} samples")
        for count in counts
        for name, what, unit in FIGURES
    ]
    return part("plan", "A plan of many samples", figures, NOTES)
