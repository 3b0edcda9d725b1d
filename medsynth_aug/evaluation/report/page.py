"""The frame of every page: one file without a script, a font or an address that leaves it."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from medsynth_aug.evaluation.report.section import Gate

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Content security policy: the browser itself refuses whatever is not in the file."""


def page_html(title: str, body: str) -> str:
    """A whole page.

    Args:
        title: Its heading, as plain text.
        body: Its content, as HTML.
    """
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def facts_html(facts: dict[str, str]) -> str:
    """Names with their values; those without a value are left out."""
    held = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(told)}</dd></div>" for name, told in facts.items() if told
    )
    return f'<dl class="facts">{held}</dl>'


def cells_html(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, level: int = 2, legend: str = ""
) -> str:
    """A table under a heading, whose first column names the rows.

    Args:
        caption: What it holds.
        columns: Heads of the columns.
        rows: Each cell, as HTML.
        level: Level of the heading, from 2.
        legend: How to read it, as HTML.
    """
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f'<td data-head="{escape(name)}">{cell}</td>' for name, cell in zip(columns[1:], rest))
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<table class="cells"><caption><h{level}>{escape(caption)}</h{level}>{legend}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    )


def gate_html(gate: Gate | None) -> str:
    """A gate in words."""
    if gate is None:
        return "none set"
    kind, word = ("passed", "✓ passed") if gate["passed"] else ("failed", "✗ failed")
    return f'<span class="gate"><span class="{kind}">{word}</span> at {gate["limit"]:g}</span>'


def status_html(status: str) -> str:
    """A section's status in words."""
    return f'<span class="status {"ran" if status == "ran" else "idle"}">{escape(status)}</span>'


def time_text(created_at: str) -> str:
    """A time in UTC as people write it."""
    return created_at.replace("T", " ").replace("+00:00", " UTC")
