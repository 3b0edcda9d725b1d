"""The score interval of a proportion."""

from scipy.stats import binomtest

from medsynth_aug.evaluation.figures import Figure, refusal


def wilson_interval(successes: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927) 209.

    Args:
        successes: How often it happened.
        trials: How often it could have, at least 1.
        level: Confidence level, in (0, 1).
    """
    found = binomtest(successes, trials).proportion_ci(confidence_level=level, method="wilson")
    return float(found.low), float(found.high)


def share_figure(name: str, successes: int, trials: int, *, unit: str) -> Figure:
    """A proportion of independent trials with its 95 % interval; refused where there is no trial."""
    if not trials:
        return refusal(name, f"there are no {unit}", n={unit: 0})
    low, high = wilson_interval(successes, trials)
    return Figure(name=name, value=successes / trials, low=low, high=high, n={unit: trials})
