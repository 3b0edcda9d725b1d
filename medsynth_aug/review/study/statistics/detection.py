"""Signal detection: how far apart two kinds of image are for a reader, and where the line is drawn."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri


def sensitivity_and_criterion(
    hits: ArrayLike,
    signals: ArrayLike,
    false_alarms: ArrayLike,
    noises: ArrayLike,
    *,
    log_linear: bool = True,
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """The sensitivity d' and the criterion c of the equal-variance model.

    Macmillan and Creelman, "Detection theory: a user's guide", 2nd ed., 2005, chapters 1 and 2. The
    log-linear correction adds half a hit, half a false alarm and one trial a side, so that rates of 0 and 1
    stay finite: Hautus, "Corrections for extreme proportions and their biasing effects on estimated values
    of d'", Behavior Research Methods 27 (1995) 46.

    Args:
        hits: Synthetic images that were called synthetic.
        signals: Synthetic images.
        false_alarms: Real images that were called synthetic.
        noises: Real images.
        log_linear: Correct the rates; without it a rate of 0 or 1 gives infinity.

    Returns:
        d', and c, which is above 0 for a reader who calls few images synthetic.
    """
    h, s, f, n = (np.asarray(one, float) for one in (hits, signals, false_alarms, noises))
    if log_linear:
        h, s, f, n = h + 0.5, s + 1, f + 0.5, n + 1
    z_hit, z_false = ndtri(h / s), ndtri(f / n)
    return np.asarray(z_hit - z_false), np.asarray(-(z_hit + z_false) / 2)
