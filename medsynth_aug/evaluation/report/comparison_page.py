"""Two reports side by side as one page: paired differences, unpaired ones, and what only one of them has."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from medsynth_aug.evaluation.report.comparison import ReportComparison, Run, SectionComparison, Unpaired
from medsynth_aug.evaluation.report.page import (
    cells_html,
    facts_html,
    gate_html,
    page_html,
    status_html,
    time_text,
)
from medsynth_aug.evaluation.report.plots import Mark, legend_mark, line_of, number, scale_of
from medsynth_aug.evaluation.report.tables import Row, counted, table_html, value_text

INTRO = (
    "Every difference is second minus first. A paired one is the mean over the images that both reports "
    "measured, with a 95 % interval over patients; an unpaired one is the difference of two estimates, "
    "each of which has its own interval. No interval is corrected for the number of comparisons."
)

APART_PX = 5
"""How far the first report's mark lies above the line, and the second's below it."""


def comparison_page(comparison: ReportComparison) -> str:
    """The whole page as HTML."""
    parts = [
        facts_html(
            {
                "Made": time_text(comparison.created_at),
                "By": f"medsynth-aug {comparison.version}",
                "Extractor": str(comparison.extractor),
                "Seed": str(comparison.seed),
            }
        ),
        f'<p class="intro">{INTRO}</p>',
        _runs(comparison),
        _summary(comparison.sections),
        *(_section(at, one) for at, one in enumerate(comparison.sections)),
        _settings(comparison.differing_settings),
    ]
    return page_html("Comparison of two evaluations", "\n".join(parts))


def _runs(comparison: ReportComparison) -> str:
    sides = (comparison.first, comparison.second)
    told = {
        "Synthetic": [one.inputs.synthetic for one in sides],
        "Real": [one.inputs.real for one in sides],
        "Images": [_images(one) for one in sides],
        "Checkpoint": [str(one.checkpoint) for one in sides],
        "Made": [f"{time_text(one.created_at)}, medsynth-aug {one.version}" for one in sides],
    }
    rows = [[escape(name), *map(escape, texts)] for name, texts in told.items()]
    return cells_html("The two reports", ("", "First", "Second"), rows)


def _images(run: Run) -> str:
    held = run.inputs.classes.values()
    return ", ".join(f"{sum(one[side] for one in held):,} {side}" for side in ("real", "synthetic"))


def _summary(sections: Sequence[SectionComparison]) -> str:
    rows = [
        [
            f'<a href="#section-{at}">{escape(one.title)}</a>',
            f"{status_html(one.statuses[0])}, {gate_html(one.gates[0])}",
            f"{status_html(one.statuses[1])}, {gate_html(one.gates[1])}",
            f"{len(one.paired)} paired, {len(one.unpaired)} unpaired, "
            f"{len(one.only_first) + len(one.only_second)} in one only",
        ]
        for at, one in enumerate(sections)
    ]
    return cells_html("Summary", ("Section", "First, gate", "Second, gate", "Figures"), rows)


def _section(at: int, section: SectionComparison) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    if section.paired:
        rows = [Row(figure=one) for one in section.paired]
        head = "Second − first (95 % interval)"
        parts.append(f"<h3>Paired, image by image</h3>{table_html(rows, {}, head=head)}")
    if section.unpaired:
        parts.append(_unpaired(section.unpaired))
    for name, held in (("first", section.only_first), ("second", section.only_second)):
        if held:
            items = "".join(f"<li>{escape(one)}</li>" for one in held)
            parts.append(f"<h3>Only in the {name} report</h3><ul>{items}</ul>")
    if len(parts) == 1:
        parts.append("<p>Neither report has a figure here.</p>")
    return f'<section id="section-{at}">{"".join(parts)}</section>'


def _unpaired(figures: Sequence[Unpaired]) -> str:
    legend = "".join(
        f'<span class="legend">{legend_mark(shape)}{name}</span>'
        for shape, name in enumerate(("first", "second"))
    )
    rows = []
    for one in figures:
        scale = scale_of([one.first, one.second])
        marks = [
            Mark(figure=one.first, shape=0, down_px=-APART_PX),
            Mark(figure=one.second, shape=1, down_px=APART_PX),
        ]
        drawn = ""
        if scale:
            ends = f"<span>{number(scale.low)}</span><span>{number(scale.high)}</span>"
            held = [mark for mark in marks if mark.figure.value is not None]
            drawn = f'{line_of(held, scale)}<div class="ends" aria-hidden="true">{ends}</div>'
        difference = "not measured" if one.difference is None else number(one.difference)
        name = f"{escape(one.first.name)}<small>{escape(one.group)}</small>"
        rows.append([name, drawn, *(_side(mark) for mark in marks), difference])
    heads = ("Figure", "Plot", "First", "Second", "Difference")
    legend += "Whiskers are 95 % intervals of each; the difference has none."
    return cells_html("Unpaired", heads, rows, level=3, legend=legend)


def _side(mark: Mark) -> str:
    one = mark.figure
    reason = f": {one.refused}" if one.refused else ""
    return f"{value_text(one)}{escape(reason)}<small>{escape(counted(one))}</small>"


def _settings(differing: dict[str, list[Any]]) -> str:
    rows = [
        [escape(name), *(f"<code>{escape(json.dumps(one, ensure_ascii=False))}</code>" for one in sides)]
        for name, sides in differing.items()
    ]
    if not rows:
        return "<p>Both reports were made with the same settings.</p>"
    return cells_html("Settings that differ", ("Setting", "First", "Second"), rows)
