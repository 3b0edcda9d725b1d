"""The area under a reader's ROC curve, and how the areas of several readers vary together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata, t

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area under the ROC curve with its interval.

    Args:
        value: The area, or the mean of the readers' areas.
        low: Lower bound.
        high: Upper bound.
        standard_error: Of `value`.
        degrees: Degrees of freedom of the interval; infinite for one reader.
    """

    value: float
    low: float
    high: float
    standard_error: float
    degrees: float


def areas_with_covariance(ratings: Floats, synthetic: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Each reader's empirical area, and the covariance of the areas over cases.

    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 44 (1988) 837.

    Args:
        ratings: `(readers, cases)`, higher where a reader is surer that the image is synthetic.
        synthetic: `(cases,)`, True for synthetic images; at least two of each kind.

    Returns:
        `(readers,)` areas and their `(readers, readers)` covariance.
    """
    x, y = ratings[:, synthetic], ratings[:, ~synthetic]
    m, n = x.shape[1], y.shape[1]
    joint = rankdata(np.concatenate([x, y], axis=1), axis=1)
    v10 = (joint[:, :m] - rankdata(x, axis=1)) / n
    v01 = 1 - (joint[:, m:] - rankdata(y, axis=1)) / m
    covariance = np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n
    return v10.mean(axis=1), covariance


def mean_area(areas: Floats, covariance: Floats, *, level: float = 0.95) -> Area:
    """The mean of the readers' areas with an interval for the populations of readers and of cases.

    The model of Obuchowski and Rockette, Communications in Statistics B 24 (1995) 285, for one modality, with
    the degrees of freedom of Hillis, "A comparison of denominator degrees of freedom methods for multiple
    observer ROC analysis", Statistics in Medicine 26 (2007) 596. Of one reader the interval is DeLong's, and
    speaks of cases only.

    Args:
        areas: `(readers,)`.
        covariance: `(readers, readers)` over cases, as `areas_with_covariance` gives it.
        level: Confidence level, in (0, 1).
    """
    r, mean = len(areas), float(np.mean(areas))
    if r == 1:
        error, degrees = float(np.sqrt(covariance[0, 0])), float("inf")
    else:
        ms_r = float(np.var(areas, ddof=1))
        cov_2 = float(covariance[~np.eye(r, dtype=bool)].mean())
        total = ms_r + max(r * cov_2, 0.0)
        error = float(np.sqrt(total / r))
        degrees = (total / ms_r) ** 2 * (r - 1) if ms_r > 0 else float("inf")
    quantile = t.isf((1 - level) / 2, degrees) if np.isfinite(degrees) else norm.isf((1 - level) / 2)
    half = float(quantile) * error
    return Area(
        value=mean, low=max(0.0, mean - half), high=min(1.0, mean + half), standard_error=error,
        degrees=degrees,
    )  # fmt: skip
