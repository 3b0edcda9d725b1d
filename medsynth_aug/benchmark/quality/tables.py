"""Shows a quality report: for each lesion the mean and the paired difference of every figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from medsynth_aug.benchmark.quality.measures import FEATURE_DISTANCE, REAL_DISTANCE, SECONDS
from medsynth_aug.benchmark.quality.paired import FEWEST_PATIENTS

LETTERS = "AB"
"""Names of the references in a table."""

MEAN_ONLY = (FEATURE_DISTANCE.key, SECONDS.key)
"""Figures shown without the interval of their difference, which the report's file has."""

WHOLE_MEASURES = {one.key: one.title for one in (REAL_DISTANCE, SECONDS)}


def as_quality_table(report: Mapping[str, Any]) -> Group:
    """One table a lesion, one over all where there are several, one of whole images, and how to read them."""
    measures, references, without = report["measures"], report["references"], report["without_place"]
    lesions = report["tables"] if len(report["tables"]) > 2 else report["tables"][:1]
    parts: list[Table | Text] = [
        _table(one, measures, references, without.get(one["name"], 0)) for one in lesions
    ]
    whole = report.get("whole")
    if whole:
        parts += [_table(whole, WHOLE_MEASURES, references, 0), Text(_yardstick(whole))]
    return Group(*parts, Text(_reading(report)))


def _table(
    held: Mapping[str, Any], measures: Mapping[str, str], references: Sequence[str], without_place: int
) -> Table:
    judged = any("verdict" in against for one in held["settings"] for against in one["against"].values())
    left_out = f"; no place in {without_place} films" if without_place else ""
    title = f"{held['name']}: n = {held['draws']} draws in {held['patients']} patients{left_out}"
    table = Table(
        title=title, title_justify="left", box=box.HORIZONTALS, show_lines=True, padding=0
    )  # fmt: skip
    table.add_column("setting", no_wrap=True)
    for name in (*measures.values(), *(LETTERS[: len(references)] if judged else "")):
        table.add_column(name, overflow="fold", min_width=max(map(len, name.split())))
    for one in held["settings"]:
        cells = [_cell(one, key, title, references[0]) for key, title in measures.items()]
        verdicts = [_verdict(one["against"][name]) for name in references] if judged else []
        table.add_row(_name(one, references), *cells, *verdicts)
    return table


def _name(one: Mapping[str, Any], references: Sequence[str]) -> str:
    letter = "".join(f"{letter}: " for letter, name in zip(LETTERS, references) if name == one["name"])
    refused = f"\n{one['refused']} refused" if one["refused"] else ""
    below = one.get("below_least_kept", 0)
    return letter + one["name"] + refused + (f"\n{below} lose the lesion" if below else "")


def _cell(one: Mapping[str, Any], key: str, title: str, reference: str) -> str:
    """The mean, marked where it is what the verdict fails on, and below it the interval of the difference."""
    mean, against = one["means"][key], one["against"][reference]
    difference = against["differences"][key]
    if mean["value"] is None:
        return "none"
    if key in MEAN_ONLY or one["name"] == reference or difference["value"] is None:
        return f"{mean['value']:.3g}"
    mark = " !" if title in against.get("lost", ()) else ""
    return f"{mean['value']:.3f}{mark}\n{_signed(difference['low'])} {_signed(difference['high'])}"


def _signed(value: float) -> str:
    """Three decimals without the zero before the point."""
    shown = f"{value:+.3f}".replace("+0.", "+.").replace("-0.", "-.").replace("-", "−")
    return "0" if shown[1:] == ".000" else shown


def _verdict(against: Mapping[str, Any]) -> str:
    return {"kept": "yes", "not kept": "no", "not judged": "?"}.get(against.get("verdict", ""), "-")


def _yardstick(whole: Mapping[str, Any]) -> str:
    real = whole["real_to_real"]["value"]
    return (
        "to real: distance to the nearest real film, over that of real films to each other "
        f"({real:.3g} in the encoder's features)."
    )


def _reading(report: Mapping[str, Any]) -> str:
    """What the cells mean, and what was stated before the run."""
    references = report["references"]
    lines = [f"Cells: mean; 95 % interval of the paired difference to {references[0]!r}, over patients."]
    deltas, shown = report["settings"].get("deltas"), dict(report["measures"])
    if deltas:
        shown |= WHOLE_MEASURES if report.get("whole") else {}
        allowed = ", ".join(f"{shown[key]} {value:g}" for key, value in deltas.items() if key in shown)
        against = ", ".join(f"{letter} ({name})" for letter, name in zip(LETTERS, references))
        lines += [
            f"{against}: quality kept against it, if no interval reaches a loss of {allowed}; texture counts "
            "both ways; ! marks what was lost against A.",
            f"?: not judged, fewer than {FEWEST_PATIENTS} patients.",
        ]
    if report["least_kept"]:
        lines.append(
            f"Lose the lesion: less than {report['least_kept']:.0%} is left, which the engine refuses."
        )
    return "\n".join(lines)
