"""One figure of the report: what was measured, its n, median and range, and whether it meets its goal."""

from collections.abc import Iterable
from typing import Any

from medsynth_aug.benchmark.run import spread


def figure(
    what: str,
    values: Iterable[float],
    unit: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    of: str = "",
) -> dict[str, Any]:
    """A figure, JSON-serialisable; a goal is met if the median meets it.

    Args:
        what: What was measured.
        values: One for each time that it was measured; at least one.
        unit: Unit of the values.
        at_most: The goal, where less is better.
        at_least: The goal, where more is better.
        of: What it was measured on, where a part has several.
    """
    found: dict[str, Any] = {"of": of, "what": what, "unit": unit} | spread(values)
    if at_most is not None:
        found |= {"goal": f"at most {at_most:g}", "met": found["median"] <= at_most}
    if at_least is not None:
        found |= {"goal": f"at least {at_least:g}", "met": found["median"] >= at_least}
    return found


def ratios(ours: Iterable[float], against: Iterable[float]) -> list[float]:
    """Ours over the other, round by round."""
    return [one / other for one, other in zip(ours, against, strict=True)]


def part(name: str, title: str, figures: Iterable[dict[str, Any]], notes: Iterable[str]) -> dict[str, Any]:
    """One part of the report."""
    return {"name": name, "title": title, "figures": list(figures), "notes": list(notes)}
