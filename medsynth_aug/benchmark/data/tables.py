"""Shows a report of the data path: each part with its figures, their spread, and the goals beside them."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text


def as_data_table(report: Mapping[str, Any]) -> Group:
    """One table a part, with its notes below."""
    return Group(*(piece for part in report["parts"] for piece in (_table(part), Text(_notes(part)))))


def _table(part: Mapping[str, Any]) -> Table:
    table = Table("", "median (min to max)", "n", "goal", title=part["title"], title_justify="left")
    above = ""
    for figure in part["figures"]:
        if figure["of"] != above:
            above = figure["of"]
            table.add_section()
            table.add_row(f"[bold]{above}[/]")
        table.add_row(figure["what"], _shown(figure), str(figure["n"]), _goal(figure))
    return table


def _shown(figure: Mapping[str, Any]) -> str:
    low, median, high = (f"{figure[name]:,.3g}" for name in ("min", "median", "max"))
    return f"{median} {figure['unit']}" + (f" ({low} to {high})" if figure["n"] > 1 else "")


def _goal(figure: Mapping[str, Any]) -> str:
    if "goal" not in figure:
        return ""
    return f"{figure['goal']}: {'met' if figure['met'] else 'missed'}"


def _notes(part: Mapping[str, Any]) -> str:
    load = part["load_before"]
    busy = [] if load is None else [f"Load of the machine before, over a minute: {load:.1f}."]
    return "\n".join([*part["notes"], *busy]) + "\n"
