"""Resamples of readers and of cases, drawn apart and multiplied: the two-way bootstrap."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.evaluation.figures import RESAMPLES

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resamples:
    """How often each reader and each case stands in each resample; the first one holds each once.

    Args:
        readers: `(1 + resamples, readers)`.
        cases: `(1 + resamples, cases)`.
    """

    readers: Floats
    cases: Floats


def two_way(
    readers: int, strata: NDArray[Any], rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> Resamples:
    """Resamples in which readers and cases are drawn independently, cases within their stratum.

    Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007) 386; for reader studies Beiden,
    Wagner and Campbell, "Components-of-variance models and multiple-bootstrap experiments", Academic
    Radiology 7 (2000) 341. A single reader is not resampled: the interval then speaks of cases only.

    Args:
        readers: How many readers, at least 1.
        strata: `(cases,)`, real or synthetic.
        rng: Source of chance.
        resamples: How many resamples besides the first.
    """
    cases = np.ones((1 + resamples, len(strata)))
    for stratum in np.unique(strata):
        held = np.flatnonzero(strata == stratum)
        cases[1:, held] = rng.multinomial(len(held), np.full(len(held), 1 / len(held)), size=resamples)
    drawn = np.ones((1 + resamples, readers))
    if readers > 1:
        drawn[1:] = rng.multinomial(readers, np.full(readers, 1 / readers), size=resamples)
    return Resamples(readers=drawn, cases=cases)
