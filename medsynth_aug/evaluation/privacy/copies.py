"""When is an image a copy: nearer to a training film than films of other patients come."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from medsynth_aug.evaluation.figures import Figure, patient_weights, percentile_interval, refusal

FALSE_ALARM_PERCENT = 1.0
"""Share of real films of other patients that the threshold would call a copy, in percent."""

FOLDS = 5
RESAMPLES = 500

Distances = NDArray[np.float64]


def copy_threshold(real: Distances) -> float:
    """The distance below which 1 % of real films lie from the training films of other patients."""
    return float(np.percentile(real, FALSE_ALARM_PERCENT))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Nearest distances of some images, NaN where an image has none, and whose each image is.

    Args:
        name: What the images are called where n is told.
        distances: `(M,)`.
        patients: Patient of each image.
    """

    name: str
    distances: Distances
    patients: Sequence[str]

    def known(self) -> "Measured":
        """Only the images that have a distance."""
        held = np.isfinite(self.distances)
        return Measured(self.name, self.distances[held], [p for p, is_ in zip(self.patients, held) if is_])


def false_alarms(real: Measured, *, seed: int = 0) -> NDArray[np.bool_]:
    """Which real films a threshold from the films of other patients would call copies.

    Each fifth of the patients is judged by the threshold of the other four, so that no film sets its own.
    """
    names = sorted(set(real.patients))
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[at]: place % FOLDS for place, at in enumerate(order.tolist())}
    fold = np.array([fold_of[one] for one in real.patients])
    called = np.zeros(len(fold), bool)
    for one in range(FOLDS):
        others = real.distances[fold != one]
        if len(others):
            called[fold == one] = real.distances[fold == one] < copy_threshold(others)
    return called


def median_figure(name: str, measured: Measured, *, seed: int = 0, note: str = "") -> Figure:
    """The median distance with its interval over patients."""
    known = measured.known()
    n = {known.name: len(known.distances)}
    if not len(known.distances):
        return refusal(name, "there are no images that may be compared", n=n)
    weights = patient_weights(known.patients, np.random.default_rng(seed), resamples=RESAMPLES)
    low, high = percentile_interval(
        [float(np.median(np.repeat(known.distances, drawn))) for drawn in weights if drawn.any()]
    )
    value = float(np.median(known.distances))
    return Figure(name=name, value=value, low=low, high=high, n=n, note=note)


def share_figure(
    name: str,
    called: NDArray[np.bool_],
    patients: Sequence[str],
    *,
    images: str,
    seed: int = 0,
    note: str = "",
) -> Figure:
    """The share of images that are called copies.

    The interval is the wider one of the patient bootstrap and of Clopper and Pearson, Biometrika 26 (1934)
    404, with one trial a patient: none found among few is not "none".
    """
    n = {images: len(called)}
    if not len(called):
        return refusal(name, "there are no images that may be compared", n=n)
    weights = patient_weights(patients, np.random.default_rng(seed))
    low, high = percentile_interval(weights @ called / np.maximum(weights.sum(1), 1))
    share, people = float(called.mean()), len(set(patients))
    exact = binomtest(round(share * people), people).proportion_ci()
    return Figure(
        name=name, value=share, low=min(low, float(exact.low)), high=max(high, float(exact.high)), n=n,
        note=note,
    )  # fmt: skip
