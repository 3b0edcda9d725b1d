"""Class counts before and after, as a table and as a picture."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from medsynth_aug.data import Plan
from medsynth_aug.demo.drawing import new_figure

FRACTURE_NOTE = "in the bank only: without a real case it can be neither learned honestly nor measured"


@dataclass(frozen=True, slots=True)
class Count:
    """One class before and after.

    Args:
        name: The class.
        lesion: Lesion painted for it, or nothing.
        real: Real training images.
        painted: Images with a painted lesion.
        total: Both.
        note: What a reader must know.
    """

    name: str
    lesion: str
    real: int
    painted: int
    total: int
    note: str = ""


def count(plan: Plan, fractures: int) -> list[Count]:
    """Every class of a plan that was carried out, and the fractures beside it."""
    counts = [
        Count(one.name, one.lesion or "", one.before, one.after - one.before, one.after)
        for one in plan.counts
    ]
    return [*counts, Count("fracture", "fracture", 0, fractures, fractures, FRACTURE_NOTE)]


def write_table(counts: Sequence[Count], path: Path) -> None:
    """The counts as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Count)])
        writer.writeheader()
        writer.writerows(asdict(one) for one in counts)


def draw_counts(counts: Sequence[Count], path: Path) -> None:
    """The counts as bars, real below and painted above."""
    figure = new_figure(7, 3.6)
    axes = figure.add_subplot()
    names = [one.name + ("*" if one.note else "") for one in counts]
    real = [one.real for one in counts]
    axes.bar(names, real, color="#4878a8", label="real")
    bars = axes.bar(names, [one.painted for one in counts], bottom=real, color="#e8923a", label="painted")
    axes.bar_label(
        bars, [f"{one.real} + {one.painted}" if one.painted else str(one.real) for one in counts], padding=2
    )
    axes.set(ylabel="training images", title="Classes before and after rebalancing")
    axes.set_ylim(0, 1.15 * max(one.total for one in counts))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("* in the bank only, not in the training set", fontsize=8)
    figure.savefig(path, dpi=110)
