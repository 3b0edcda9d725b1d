"""Agreement beyond chance: of two readings of the same cases, and of several readers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]


def cohens_kappa(first: ArrayLike, second: ArrayLike, weights: Floats) -> Floats:
    """Agreement of two readings of the same cases beyond chance.

    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20
    (1960) 37.

    Args:
        first: `(cases,)` categories.
        second: `(cases,)` categories.
        weights: `(resamples, cases)`, how often each case stands in each resample.

    Returns:
        `(resamples,)`; not a number where both readings hold one category only.
    """
    a, b = np.asarray(first), np.asarray(second)
    total = weights.sum(axis=1)
    p_o = weights @ (a == b) / total
    p_e = sum(((weights @ (a == one)) * (weights @ (b == one)) for one in np.unique([a, b])), 0.0) / total**2
    return _beyond_chance(p_o, np.asarray(p_e))


def fleiss_kappa(counts: ArrayLike, weights: Floats) -> Floats:
    """Agreement of several readings of each case beyond chance.

    Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76 (1971) 378.

    Args:
        counts: `(cases, categories)`, how many readings put a case there; the same sum of at least 2 a case.
        weights: `(resamples, cases)`, how often each case stands in each resample.

    Returns:
        `(resamples,)`; not a number where all readings are of one category.
    """
    n_ij = np.asarray(counts, float)
    n = n_ij.sum(axis=1)[0]
    total = weights.sum(axis=1)
    p_i = ((n_ij**2).sum(axis=1) - n) / (n * (n - 1))
    p_j = weights @ n_ij / (total * n)[:, None]
    return _beyond_chance(weights @ p_i / total, (p_j**2).sum(axis=1))


def _beyond_chance(observed: Floats, expected: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)
