"""Estimates with their intervals as marks on a common line, drawn as SVG that follows the page's colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from medsynth_aug.evaluation.figures import Figure

STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Round ends of a line, times a power of ten."""

ALIKE = 5.0
"""Figures whose largest numbers differ by at most this factor share a scale."""

MIDDLE_PX = 11
SHAPES = (
    '<circle r="5"/>',
    '<path d="M0-6.5 6 0 0 6.5-6 0Z"/>',
    '<path d="M-5-5H5V5H-5Z"/>',
    '<path d="M0-6 6 5H-6Z"/>',
)
"""What was measured is a disc; references are a diamond, a square and a triangle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The ends of a line; zero always lies on it.

    Args:
        low: Left end, at most 0.
        high: Right end, at least 0 and above `low`.
    """

    low: float
    high: float

    def percent(self, value: float) -> str:
        """Where a value lies between the ends."""
        return f"{100 * (value - self.low) / (self.high - self.low):.2f}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One estimate on a line.

    Args:
        figure: The estimate and its interval.
        shape: Index into `SHAPES`, and into the page's colours of marks.
        whiskers: Draw the interval.
        down_px: How far below the line's middle it lies, so that it covers no other.
    """

    figure: Figure
    shape: int = 0
    whiskers: bool = True
    down_px: int = 0


def numbers(figures: Sequence[Figure]) -> list[float]:
    """Every finite number that a plot of the figures has to hold."""
    held = [one for figure in figures for one in (figure.value, figure.low, figure.high)]
    return [one for one in held if one is not None and math.isfinite(one)]


def scale_of(figures: Sequence[Figure]) -> Scale | None:
    """The smallest scale with round ends that holds zero and the figures; None if nothing was measured."""
    held = numbers(figures)
    if not held:
        return None
    low, high = (_round_up(max(0.0, end)) for end in (-min(held), max(held)))
    return Scale(low=0.0 - low, high=high or (0.0 if low else 1.0))


def alike(one: Sequence[Figure], other: Sequence[Figure]) -> bool:
    """True if a common scale leaves both readable."""
    extents = [max(map(abs, numbers(side)), default=0.0) for side in (one, other)]
    return min(extents) * ALIKE >= max(extents)


def line_of(marks: Sequence[Mark], scale: Scale) -> str:
    """SVG of one line with its marks; the first mark lies on top."""
    parts = [f'<line class="rail" x1="0" x2="100%" y1="{MIDDLE_PX}" y2="{MIDDLE_PX}"/>']
    if scale.low < 0 < scale.high:
        at = scale.percent(0)
        parts.append(f'<line class="zero" x1="{at}" x2="{at}" y1="0" y2="{2 * MIDDLE_PX}"/>')
    parts += [draw(mark, scale) for draw in (_whiskers, _estimate) for mark in reversed(marks)]
    told = "; ".join(str(mark.figure) for mark in marks)
    return f'<svg class="plot" role="img" aria-label="{escape(told)}">{"".join(parts)}</svg>'


def legend_mark(shape: int) -> str:
    """SVG of a shape for a legend or a table's heading."""
    return (
        f'<svg class="key" aria-hidden="true"><svg x="7" y="7" overflow="visible">{_shape(shape)}</svg></svg>'
    )


def number(value: float) -> str:
    """A number as text, to three digits."""
    text = f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    return text.replace("-", "−")


def _whiskers(mark: Mark, scale: Scale) -> str:
    low, high = mark.figure.low, mark.figure.high
    if not mark.whiskers or low is None or high is None or not math.isfinite(low + high):
        return ""
    y, ends = MIDDLE_PX + mark.down_px, [scale.percent(end) for end in (low, high)]
    lines = [(*ends, y, y), *((end, end, y - 4, y + 4) for end in ends)]
    drawn = "".join(f'<line x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>' for x1, x2, y1, y2 in lines)
    return f'<g class="whisker mark-{mark.shape % len(SHAPES)}">{drawn}</g>'


def _estimate(mark: Mark, scale: Scale) -> str:
    if mark.figure.value is None:
        return ""
    x, y = scale.percent(mark.figure.value), MIDDLE_PX + mark.down_px
    return f'<svg x="{x}" y="{y}" overflow="visible">{_shape(mark.shape)}</svg>'


def _shape(shape: int) -> str:
    kind = shape % len(SHAPES)
    return f'<g class="mark mark-{kind}">{SHAPES[kind]}</g>'


def _round_up(value: float) -> float:
    """The next of `STEPS` times a power of ten; 0 stays."""
    if not value:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return power * next((step for step in STEPS if value <= step * power * (1 + 1e-9)), STEPS[-1])
