"""A group of figures as one table: name, line, value with its interval, n, and notes below."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.report.plots import (
    Mark,
    Scale,
    alike,
    legend_mark,
    line_of,
    number,
    numbers,
    scale_of,
)
from medsynth_aug.evaluation.report.section import FigureGroup

COLUMNS = ("Figure", "Plot", "Value (95 % interval)", "n")
REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure and its references, which share a line.

    Args:
        figure: What was measured, or a reference that belongs to no figure.
        shape: Its mark.
        beside: Shape, name and figure of each reference.
    """

    figure: Figure
    shape: int = 0
    beside: tuple[tuple[int, str, Figure], ...] = ()

    @property
    def figures(self) -> list[Figure]:
        """Everything on the line."""
        return [self.figure, *(one for _, _, one in self.beside)]


class Notes:
    """The notes of a table, each printed once and numbered."""

    def __init__(self) -> None:
        self._held: list[str] = []

    def sign(self, note: str) -> str:
        """The number that stands for a note; nothing for an empty one."""
        if not note:
            return ""
        if note not in self._held:
            self._held.append(note)
        return f"<sup>{self._held.index(note) + 1}</sup>"

    def html(self) -> str:
        """The notes, in order."""
        items = "".join(f"<li>{escape(note)}</li>" for note in self._held)
        return f'<ol class="notes">{items}</ol>' if items else ""


def group_html(group: FigureGroup, *, extractor: str = "") -> str:
    """A group under its heading.

    Args:
        group: What to show.
        extractor: What saw the images; "" where that does not matter.
    """
    rows, shapes = rows_of(group)
    return f"<h3>{escape(group.heading)}</h3>{table_html(rows, shapes, extractor=extractor)}"


def table_html(rows: Sequence[Row], shapes: dict[str, int], *, extractor: str = "", head: str = "") -> str:
    """Rows as a table whose caption is the legend.

    Args:
        rows: The figures.
        shapes: Name -> shape of each kind of reference.
        extractor: What saw the images; "" where that does not matter.
        head: Heading of the column of values, where it is not the usual one.
    """
    notes = Notes()
    bodies = "".join(_body(panel, notes) for panel in panels(rows))
    first, line, value, n = COLUMNS
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in (first, line, head or value, n))
    return (
        f'<table class="figures"><caption>{_legend(shapes, extractor)}</caption>'
        f"<thead><tr>{heads}</tr></thead>{bodies}</table>{notes.html()}"
    )


def rows_of(group: FigureGroup) -> tuple[list[Row], dict[str, int]]:
    """One row a figure, and the shape of each kind of reference.

    A reference belongs to the figure whose name begins its own: "KID, real vs real" to "KID".
    """
    shapes: dict[str, int] = {}
    beside: dict[str, list[tuple[int, str, Figure]]] = {one.name: [] for one in group.figures}
    alone = []
    for one in group.reference:
        stems = [name for name in beside if one.name.startswith(f"{name}, ")]
        stem = max(stems, key=len, default="")
        kind = one.name.removeprefix(f"{stem}, ") if stems else REFERENCE
        shape = shapes.setdefault(kind, len(shapes) + 1)
        if stems:
            beside[stem].append((shape, kind, one))
        else:
            alone.append(Row(figure=one, shape=shape))
    measured = [Row(figure=one, beside=tuple(beside.pop(one.name, ()))) for one in group.figures]
    return measured + alone, shapes


def panels(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that can share a scale; those that have nothing to draw stand apart."""
    found: list[list[Row]] = []
    for row in rows:
        fitting = [panel for panel in found if _fit(panel, row)]
        if fitting:
            fitting[-1].append(row)
        else:
            found.append([row])
    return found


def value_text(figure: Figure) -> str:
    """The estimate with its interval."""
    if figure.value is None:
        return "not measured"
    if figure.low is None or figure.high is None:
        return f"{number(figure.value)} (no interval)"
    return f"{number(figure.value)} ({number(figure.low)} to {number(figure.high)})"


def counted(figure: Figure) -> str:
    """The n of a figure."""
    return ", ".join(f"{count} {name}" for name, count in figure.n.items())


def _fit(panel: Sequence[Row], row: Row) -> bool:
    held = [one for other in panel for one in other.figures]
    ours, theirs = numbers(row.figures), numbers(held)
    if not ours or not theirs:
        return not ours and not theirs
    shares = not any(other.beside for other in (*panel, row)) and all(0 <= one <= 1 for one in ours + theirs)
    return shares or alike(held, row.figures)


def _body(panel: Sequence[Row], notes: Notes) -> str:
    scale = scale_of([one for row in panel for one in row.figures])
    lines = []
    for row in panel:
        marks = [Mark(figure=row.figure, shape=row.shape)]
        marks += [Mark(figure=one, shape=shape, whiskers=False) for shape, _, one in row.beside]
        lines.append(_line(row.figure.name, marks, scale, notes))
        for shape, kind, one in row.beside:
            lines.append(_line(kind, [Mark(figure=one, shape=shape)], scale, notes))
    if scale:
        ends = f"<span>{number(scale.low)}</span><span>{number(scale.high)}</span>"
        lines.append(f'<tr class="axis" aria-hidden="true"><td></td><td><div>{ends}</div></td>'
                     "<td></td><td></td></tr>")  # fmt: skip
    return f"<tbody>{''.join(lines)}</tbody>"


def _line(name: str, marks: Sequence[Mark], scale: Scale | None, notes: Notes) -> str:
    figure, shape = marks[0].figure, marks[0].shape
    mark = "" if figure.value is None else legend_mark(shape)
    label = f"{mark}{escape(name)}{notes.sign(figure.note)}"
    kind = ' class="reference"' if shape else ""
    held = [one for one in marks if one.figure.value is not None]
    drawn = line_of(held, scale) if scale and held else ""
    value = f'<td class="value">{value_text(figure)}</td>'
    if figure.value is None:
        value = f'<td class="value refused">not measured: {escape(figure.refused)}</td>'
    return (
        f'<tr{kind}><th scope="row">{label}</th><td class="line">{drawn}</td>{value}'
        f'<td class="n">{escape(counted(figure))}</td></tr>'
    )


def _legend(shapes: dict[str, int], extractor: str) -> str:
    parts = [f"{legend_mark(0)}measured", *(f"{legend_mark(at)}{escape(one)}" for one, at in shapes.items())]
    told = [f'<span class="legend">{one}</span>' for one in parts] if shapes else []
    return " ".join(
        [*told, "Whiskers are 95 % intervals.", f"Features: {escape(extractor)}." if extractor else ""]
    )
