"""How wide an interval must be when a study is looked at more than once."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import simpson
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import norm

Floats = NDArray[np.floating[Any]]

GRID = 2001
"""Points on which the density of a statistic that has not stopped is held; odd, for Simpson's rule."""


def spent(alpha: float, information: float) -> float:
    """The two-sided error that may be spent up to a share of the information, half of it a side.

    The O'Brien-Fleming type of Lan and DeMets, "Discrete sequential boundaries for clinical trials",
    Biometrika 70 (1983) 659.

    Args:
        alpha: Error of the whole study, two-sided, in (0, 1).
        information: Share of the information, in (0, 1].
    """
    return float(2 * (2 - 2 * ndtr(-ndtri(alpha / 4) / np.sqrt(information))))


@cache
def confidence_levels(looks: int, alpha: float = 0.05) -> tuple[float, ...]:
    """The level of the interval at each of several looks at equal steps, so that all hold together.

    Intervals of these levels are the repeated confidence intervals of Jennison and Turnbull, "Interim
    analyses: the repeated confidence interval approach", JRSS B 51 (1989) 305: with probability 1 - alpha
    every one holds the truth, so that a study may stop at any look, for either verdict.

    Args:
        looks: How many looks, at least 1.
        alpha: Error of the whole study, two-sided, in (0, 1).
    """
    bounds = critical_values(tuple((one + 1) / looks for one in range(looks)), alpha)
    return tuple(float(1 - 2 * norm.sf(bound)) for bound in bounds)


def critical_values(information: Sequence[float], alpha: float = 0.05) -> list[float]:
    """The bound of the standardised statistic at each look.

    By recursive integration: Armitage, McPherson and Rowe, "Repeated significance tests on accumulating
    data", JRSS A 132 (1969) 235.

    Args:
        information: Share of the information at each look, increasing, in (0, 1].
        alpha: Error of the whole study, two-sided, in (0, 1).
    """
    bounds = [float(norm.isf(spent(alpha, information[0]) / 2))]
    u = np.linspace(-1, 1, GRID) * bounds[0] * np.sqrt(information[0])
    f = norm.pdf(u, scale=np.sqrt(information[0]))
    for before, now in pairwise(information):
        step = float(np.sqrt(now - before))
        left = spent(alpha, now) - spent(alpha, before)
        b = float(brentq(_excess, 0.0, 12.0, args=(u, f, step, left)))
        s = np.linspace(-b, b, GRID)
        f = simpson(f[None] * norm.pdf(s[:, None], loc=u[None], scale=step), x=u, axis=1)
        u = s
        bounds.append(b / float(np.sqrt(now)))
    return bounds


def _excess(b: float, u: Floats, f: Floats, step: float, left: float) -> float:
    """By how much the chance to leave [-b, b] at the next look exceeds what is left to spend.

    Args:
        b: The bound.
        u: Points of the statistic at the look before.
        f: Its density there, where it has not stopped.
        step: Standard deviation of what is added until the next look.
        left: What may be spent.
    """
    return float(simpson(f * (ndtr((u - b) / step) + ndtr((-b - u) / step)), x=u)) - left
