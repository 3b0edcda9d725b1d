"""One figure with its n and its interval, or the reason why there is none."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
"""Bootstrap resamples of an interval, where one costs little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured value.

    Args:
        name: What it is, for example "KID".
        value: The estimate; None if it was not measured.
        low: Lower bound of its 95 % interval; None without one.
        high: Upper bound.
        n: What was counted, for example {"real": 30, "synthetic": 40}.
        refused: Why there is no value; "" where there is one.
        note: What a reader must know to read it right.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: dict[str, int]
    refused: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The figure as JSON-serialisable data; a value that is not finite is refused as such."""
        if self.value is not None and not math.isfinite(self.value):
            return asdict(refusal(self.name, f"the estimate is {self.value}", n=self.n))
        return asdict(self)

    def __str__(self) -> str:
        counted = ", ".join(f"{count} {name}" for name, count in self.n.items())
        if self.value is None:
            return f"{self.name}: not measured ({self.refused}; {counted})"
        interval = "" if self.low is None or self.high is None else f" ({self.low:.3g} to {self.high:.3g})"
        return f"{self.name}: {self.value:.3g}{interval}, n = {counted}"


def refusal(name: str, reason: str, *, n: dict[str, int]) -> Figure:
    """A figure that was not measured, and why."""
    return Figure(name=name, value=None, n=n, refused=reason)


def patient_weights(
    patients: Sequence[str], rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> NDArray[np.int64]:
    """How often each image stands in each resample, when whole patients are drawn with replacement.

    The cluster bootstrap: Field and Welsh, "Bootstrapping clustered data", JRSS B 69 (2007) 369.

    Args:
        patients: Patient of each image.
        rng: Source of chance.
        resamples: How many resamples.

    Returns:
        `(resamples, len(patients))` counts.
    """
    _, number = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    count = int(number.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.asarray(drawn[:, number], np.int64)


def percentile_interval(values: Sequence[float] | NDArray[np.floating[Any]]) -> tuple[float, float]:
    """The 95 % percentile interval of resampled values; those that are not finite are left out.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    held = np.asarray(values, float)
    held = held[np.isfinite(held)]
    if not len(held):
        return math.nan, math.nan
    low, high = np.percentile(held, (2.5, 97.5))
    return float(low), float(high)


def mean_figure(
    name: str, values: Sequence[float], patients: Sequence[str], *, seed: int = 0, unit: str = "images"
) -> Figure:
    """The mean of one value an image, with its interval over patients."""
    held = np.asarray(values, float)
    if not len(held):
        return refusal(name, f"there are no {unit}", n={unit: 0})
    weights = patient_weights(patients, np.random.default_rng(seed))
    low, high = percentile_interval(weights @ held / np.maximum(weights.sum(1), 1))
    return Figure(name=name, value=float(held.mean()), low=low, high=high, n={unit: len(held)})
