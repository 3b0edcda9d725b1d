"""An evaluation as one page: what ran, every figure with its n and interval, pictures, how it was made."""

import json
from html import escape
from typing import Any

from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.report.document import Counts, EvaluationReport
from medsynth_aug.evaluation.report.page import (
    cells_html,
    facts_html,
    gate_html,
    page_html,
    status_html,
    time_text,
)
from medsynth_aug.evaluation.report.section import Section
from medsynth_aug.evaluation.report.strips import strips_html
from medsynth_aug.evaluation.report.tables import group_html

PRIVACY = (
    "This page and its JSON name images and patients, and the page shows pixels. What derives from real "
    "patients stays on this machine unless you have consented otherwise."
)


def report_page(report: EvaluationReport) -> str:
    """The whole page as HTML."""
    facts = {
        "Made": time_text(report.created_at),
        "By": f"medsynth-aug {report.version}",
        "Extractor": str(report.extractor),
        "Checkpoint": str(report.checkpoint),
    }
    parts = [
        facts_html(facts),
        f'<p class="privacy">{PRIVACY}</p>',
        _summary(report),
        _counts("Images a class", "Class", report.inputs.classes),
        *(_section(number, one) for number, one in enumerate(report.sections)),
        _making(report),
    ]
    return page_html(f"Evaluation: {report.title}", "\n".join(parts))


def _summary(report: EvaluationReport) -> str:
    rows = []
    for number, section in enumerate(report.sections):
        figures = _figures(section)
        measured = sum(one.value is not None for one in figures)
        rows.append(
            [
                f'<a href="#section-{number}">{escape(section.title)}</a>',
                status_html(section.status),
                f"{measured} of {len(figures)}" if figures else "none",
                gate_html(section.gate),
                _reasons(section),
            ]
        )
    return cells_html("Summary", ("Section", "Status", "Measured", "Gate", "Left out, and why"), rows)


def _figures(section: Section) -> list[Figure]:
    return [one for group in section.groups for one in (*group.figures, *group.reference)]


def _reasons(section: Section) -> str:
    """Why a section or its figures were not measured, each reason once with the names it holds for."""
    reasons: dict[str, dict[str, None]] = {}
    for one in _figures(section):
        if one.value is None:
            reasons.setdefault(one.refused, {})[one.name] = None
    told = [section.reason] if section.reason else []
    told += [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return "".join(f"<p>{escape(one)}</p>" for one in told)


def _section(number: int, section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>", f'<p class="intro">{escape(section.intro)}</p>']
    if section.reason:
        told = "Left out:" if section.status == "ran" else status_html(section.status)
        parts.append(f'<p class="reason">{told} {escape(section.reason)}</p>')
    if section.gate:
        parts.append(f"<p>Gate: {gate_html(section.gate)}</p>")
    parts += [group_html(one, extractor=section.extractor) for one in section.groups]
    parts.append(strips_html(section.strips))
    return f'<section id="section-{number}">{"".join(parts)}</section>'


def _counts(caption: str, head: str, counts: Counts) -> str:
    rows = [
        [escape(name or "unknown"), f"{sides['real']:,}", f"{sides['synthetic']:,}"]
        for name, sides in counts.items()
    ]
    return cells_html(caption, (head, "Real", "Synthetic"), rows) if rows else ""


def _making(report: EvaluationReport) -> str:
    rows = [[escape(name), f"<code>{escape(_told(held))}</code>"] for name, held in report.settings.items()]
    libraries = {"Python libraries": ", ".join(f"{name} {held}" for name, held in report.libraries.items())}
    return "".join(
        [
            '<section class="making"><h2>How it was made</h2>',
            _counts("Images a stratum", "Stratum", report.inputs.strata),
            cells_html("Settings", ("Setting", "Value"), rows, level=3) if rows else "",
            facts_html(
                {
                    **libraries,
                    "Digest of the extractor": report.extractor.digest,
                    "Digest of the checkpoint": report.checkpoint.digest,
                }
            ),
            "</section>",
        ]
    )


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
