"""Split a whole number in given proportions, and mix the shares evenly."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.int64]


def largest_remainder(total: int, weights: ArrayLike) -> Counts:
    """`total` split over the weights, each share within 1 of the exact one (Hamilton's method).

    Of equal remainders the larger weight comes first, then the earlier one.

    Args:
        total: What is split, at least 0.
        weights: `(K,)` whole numbers of at least 0; all zero gives nothing to anyone.
    """
    parts = np.asarray(weights, np.int64)
    if parts.sum() == 0:
        return np.zeros_like(parts)
    shares, remainders = np.divmod(total * parts, parts.sum())
    first = np.lexsort((np.arange(len(parts)), -parts, -remainders))
    shares[first[: total - int(shares.sum())]] += 1
    return shares


def interleave(counts: ArrayLike) -> Counts:
    """Numbers 0 to K - 1, number k `counts[k]` times, each spread evenly over the whole sequence.

    Args:
        counts: `(K,)` whole numbers of at least 0.
    """
    wanted = np.asarray(counts, np.int64)
    numbers = np.repeat(np.arange(len(wanted)), wanted)
    starts = np.repeat(np.cumsum(wanted) - wanted, wanted)
    places = (np.arange(len(numbers)) - starts + 0.5) / wanted[numbers]
    return numbers[np.argsort(places, kind="stable")]
