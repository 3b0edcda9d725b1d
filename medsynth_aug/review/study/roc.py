"""The ROC curves of readers, drawn as SVG that follows the page's colours."""

from collections.abc import Mapping, Sequence
from html import escape

from medsynth_aug.evaluation.report.plots import SHAPES, legend_mark

SIDE, EDGE = 300, 44
DASHES = ("", "7 3", "2 3", "9 3 2 3")
TICKS = (0, 0.25, 0.5, 0.75, 1)


def roc_html(curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """A figure with one line a reader and the diagonal of guessing.

    Args:
        curves: Reader -> points (1 - specificity, sensitivity), from (0, 0) to (1, 1).
    """
    size = SIDE + 2 * EDGE
    lines = "".join(_curve(number, points) for number, points in enumerate(curves.values()))
    keys = "".join(
        f'<span class="legend">{legend_mark(number % len(SHAPES))}{escape(reader)}</span>'
        for number, reader in enumerate(curves)
    )
    return (
        f'<figure class="strip"><figcaption>ROC curves of the readers over five steps of confidence; the '
        f"dotted line is guessing. {keys}</figcaption>"
        f'<svg viewBox="0 0 {size} {size}" width="{size}" height="{size}" role="img" '
        f'aria-label="ROC curves of {escape(", ".join(curves))}" style="max-width:100%;height:auto">'
        f"{_frame()}{lines}</svg></figure>"
    )


def _at(point: tuple[float, float]) -> str:
    return f"{EDGE + SIDE * point[0]:.1f},{EDGE + SIDE * (1 - point[1]):.1f}"


def _frame() -> str:
    end = EDGE + SIDE
    text = 'fill="var(--quiet)" font-size="12"'
    parts = [
        f'<rect x="{EDGE}" y="{EDGE}" width="{SIDE}" height="{SIDE}" fill="none" stroke="var(--rule)"/>',
        f'<polyline points="{_at((0, 0))} {_at((1, 1))}" stroke="var(--quiet)" stroke-dasharray="2 3"/>',
        f'<text x="{EDGE + SIDE / 2}" y="{end + 36}" {text} text-anchor="middle">1 − specificity</text>',
        f'<text x="12" y="{EDGE + SIDE / 2}" {text} text-anchor="middle" '
        f'transform="rotate(-90 12 {EDGE + SIDE / 2})">sensitivity</text>',
    ]
    for tick in TICKS:
        x, y = EDGE + SIDE * tick, EDGE + SIDE * (1 - tick)
        parts.append(f'<text x="{x}" y="{end + 16}" {text} text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{EDGE - 6}" y="{y + 4}" {text} text-anchor="end">{tick:g}</text>')
    return "".join(parts)


def _curve(number: int, points: Sequence[tuple[float, float]]) -> str:
    colour, dash = number % len(SHAPES), DASHES[number // len(SHAPES) % len(DASHES)]
    dots = "".join(
        '<circle cx="{}" cy="{}" r="3" fill="var(--mark-{})"/>'.format(*_at(one).split(","), colour)
        for one in points
    )
    drawn = " ".join(map(_at, points))
    return (
        f'<polyline points="{drawn}" fill="none" stroke="var(--mark-{colour})" stroke-width="2" '
        f'stroke-dasharray="{dash}"/>{dots}'
    )
