"""What a study can reach at best, before anybody reads."""

import math

from scipy.stats import norm, t

from medsynth_aug.review.study.statistics.boundaries import confidence_levels


def guessing_half_width(readers: int, per_arm: int, *, looks: int = 1, alpha: float = 0.05) -> float:
    """Half the width that the interval of the mean AUC has at the last look if readers only guess.

    From the variance of the Mann-Whitney statistic without ties, independent between readers, and for more
    than one reader from the t distribution of readers - 1 degrees of freedom.

    Args:
        readers: How many read every image.
        per_arm: Images of each arm.
        looks: How often the answers are looked at.
        alpha: Two-sided error of all looks together.
    """
    tail = (1 - confidence_levels(looks, alpha)[-1]) / 2
    quantile = t.isf(tail, readers - 1) if readers > 1 else norm.isf(tail)
    return float(quantile) * math.sqrt((2 * per_arm + 1) / (12 * per_arm**2) / readers)
