"""Can two sets of images be told apart by their features? An AUC with an interval that can be believed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedGroupKFold

from medsynth_aug.errors import GridError, SettingError
from medsynth_aug.evaluation.figures import RESAMPLES, Figure, patient_weights, percentile_interval, refusal

FEWEST_IMAGES = 20
FEWEST_PATIENTS = 10
REPEATS = 3
"""Splits into folds that are averaged, so that the luck of one split does not count."""

WIDENING = 1.35
"""How much wider the interval is made than that of the scores, at least: folds share their training data."""

SHUFFLES = 24
"""Shuffles of the sides from which it is found how much wider these data need it."""

Floats = NDArray[np.float64]


def separability(
    x: NDArray[np.floating],
    y: Sequence[bool] | NDArray[np.bool_],
    patients: Sequence[str],
    *,
    strata: Sequence[str] | None = None,
    name: str = "AUC",
    sides: tuple[str, str] = ("first", "second"),
    seed: int = 0,
    folds: int = 5,
    resamples: int = RESAMPLES,
) -> Figure:
    """The AUC at which a classifier that never saw the patient tells two sets apart.

    Folds are patient-disjoint. Only images of one fold and one stratum are compared, cells weighted as by
    van Elteren, "On the combination of independent two sample tests of Wilcoxon" (1960), so that neither the
    offset of a fold nor a confounder counts. The interval is the patient bootstrap of the out-of-fold
    scores, widened for the training data that folds share (Nadeau and Bengio, "Inference for the
    generalization error", Machine Learning 52 (2003) 239): by how much the AUC spreads when patients change
    sides at random, against the bootstrap's own error there. An AUC below 0.5 stays below.

    Args:
        x: Features `(N, D)`, finite.
        y: `(N,)`, True for an image of the first side.
        patients: Patient of each image.
        strata: What only like is compared with; None compares all.
        name: Name of the figure.
        sides: What the first and the second side are called.
        seed: Decides folds and resamples.
        folds: How many folds, at least 2.
        resamples: How many bootstrap resamples.

    Raises:
        GridError: If the lengths differ or a feature is not finite.
        SettingError: If `folds` is below 2.
    """
    seen: Floats = np.asarray(x, np.float64)
    first, who = np.asarray(y, bool), np.asarray(patients, str)
    cell = np.asarray(strata if strata is not None else [""] * len(first), str)
    _check(seen, first, who, cell, folds)
    n = {sides[0]: int(first.sum()), sides[1]: int((~first).sum())}
    reason = _too_few(first, who, cell, sides)
    if reason:
        return refusal(name, reason, n=n)
    seen = normal_scores(seen)
    cells = []
    for repeat in range(REPEATS):
        scores, fold = out_of_fold(seen, first, who, folds=folds, seed=seed * REPEATS + repeat)
        cells += _cells(scores, first, fold, cell)
    if not cells:
        return refusal(name, "no fold holds both sides of one stratum", n=n)
    everyone = np.ones((1, len(first)), np.int64)
    value = float(stratified_auc(cells, everyone)[0])
    rng = np.random.default_rng(seed)
    drawn = stratified_auc(cells, patient_weights(who.tolist(), rng, resamples=resamples))
    wider = _widening(seen, first, who, cell, folds=folds, seed=seed)
    low, high = _interval(value, drawn, wider, min(len(set(who[first])), len(set(who[~first]))))
    note = f"{folds} patient-disjoint folds, {REPEATS} times; compared within strata"
    return Figure(name=name, value=value, low=low, high=high, n=n, note=note)


def out_of_fold(
    x: Floats, y: NDArray[np.bool_], patients: NDArray[np.str_], *, folds: int = 5, seed: int = 0
) -> tuple[Floats, NDArray[np.int64]]:
    """Score `(N,)` of each image by classifiers that never saw its patient, and the fold it was in.

    A line whose shrinkage needs no tuning: Ledoit and Wolf, "Honey, I shrunk the sample covariance matrix",
    J. Portfolio Management 30 (2004) 110.

    Args:
        x: Features `(N, D)`, best as `normal_scores`.
        y: `(N,)`.
        patients: `(N,)`.
        folds: How many folds; fewer where there are fewer patients.
        seed: Decides folds.
    """
    fewest = min(len(set(patients[y])), len(set(patients[~y])))
    splitter = StratifiedGroupKFold(min(folds, fewest), shuffle=True, random_state=seed)
    scores, fold = np.zeros(len(y)), np.full(len(y), -1)
    for number, (train, test) in enumerate(splitter.split(x, y, patients)):
        fold[test] = number
        if 0 < y[train].sum() < len(train):
            line = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=(0.5, 0.5))
            scores[test] = line.fit(x[train], y[train]).decision_function(x[test])
    return scores, fold


def stratified_auc(cells: Sequence[tuple[NDArray, NDArray, Floats]], weights: NDArray[np.int64]) -> Floats:
    """The AUC of each resample `(R,)`, averaged over cells by van Elteren's weights.

    Args:
        cells: Of each: indices of its first and second side, and who wins: 1, 0.5 or 0.
        weights: `(R, N)`, how often each image stands in a resample.
    """
    total, mass = np.zeros(len(weights)), np.zeros(len(weights))
    for ones, others, wins in cells:
        left, right = weights[:, ones].astype(float), weights[:, others].astype(float)
        counts = left.sum(1) + right.sum(1)
        total += np.einsum("ri,ij,rj->r", left, wins, right, optimize=True) / np.maximum(counts, 1)
        mass += left.sum(1) * right.sum(1) / np.maximum(counts, 1)
    return np.divide(total, mass, out=np.full(len(weights), np.nan), where=mass > 0)


def normal_scores(x: Floats) -> Floats:
    """Each value's place in its column as a normal deviate `(N, D)`; equal values share their mean place.

    Van der Waerden, "Order tests for the two-sample problem and their power", Indag. Math. 14 (1952) 453.
    Sides play no part in it, so that images of all folds may be placed together.

    Args:
        x: Features `(N, D)`.
    """
    return np.asarray(ndtri(rankdata(x, axis=0) / (len(x) + 1)), float)


def _cells(
    scores: Floats, first: NDArray[np.bool_], fold: NDArray[np.int64], strata: NDArray[np.str_]
) -> list[tuple[NDArray, NDArray, Floats]]:
    """Images of one fold and stratum with who wins, wherever both sides are there."""
    cells = []
    for number in np.unique(fold):
        for stratum in np.unique(strata):
            here = (fold == number) & (strata == stratum)
            ones, others = np.nonzero(here & first)[0], np.nonzero(here & ~first)[0]
            if len(ones) and len(others):
                ahead = scores[ones][:, None] - scores[others][None]
                cells.append((ones, others, (np.sign(ahead) + 1) / 2))
    return cells


def _widening(
    x: Floats, y: NDArray[np.bool_], patients: NDArray[np.str_], strata: NDArray[np.str_], *, folds: int,
    seed: int,
) -> float:  # fmt: skip
    """Spread of the AUC over shuffled sides, in errors that the bootstrap sees; at least `WIDENING`."""
    rng = np.random.default_rng((seed, 3))
    values, errors = [], []
    for number in range(SHUFFLES):
        sides = _shuffled(y, patients, strata, rng)
        scores, fold = out_of_fold(x, sides, patients, folds=folds, seed=seed * SHUFFLES + number)
        cells = _cells(scores, sides, fold, strata)
        weights = patient_weights(patients.tolist(), rng, resamples=100)
        values.append(stratified_auc(cells, np.ones((1, len(y)), np.int64))[0])
        errors.append(np.nanvar(stratified_auc(cells, weights)))
    spread = float(np.sqrt(np.mean(np.square(np.subtract(values, 0.5))) / max(np.mean(errors), 1e-12)))
    return max(WIDENING, spread)


def _shuffled(
    y: NDArray[np.bool_], patients: NDArray[np.str_], strata: NDArray[np.str_], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Sides after patients of one stratum changed them at random; who has both keeps or swaps them."""
    _, at, number = np.unique(patients, return_index=True, return_inverse=True)
    share = np.bincount(number, y) / np.bincount(number)
    pure, side, home = (share == 0) | (share == 1), share > 0.5, strata[at]
    for stratum in np.unique(home):
        here = np.nonzero(pure & (home == stratum))[0]
        side[here] = side[rng.permutation(here)]
    swaps = rng.random(len(at)) < 0.5
    return np.where(pure[number], side[number], y ^ swaps[number])


def _interval(value: float, drawn: Floats, wider: float, patients: int) -> tuple[float, float]:
    """The percentile interval, widened, and never narrower than Hanley and McNeil's of a shrunk AUC.

    Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982) 29. It
    keeps a perfect AUC of few patients from an interval without width.
    """
    low, high = percentile_interval(drawn)
    a = (value * patients + 0.5) / (patients + 1)
    spread = a * (1 - a) + (patients - 1) * (a / (2 - a) + 2 * a * a / (1 + a) - 2 * a * a)
    error = 1.96 * np.sqrt(max(spread, 0)) / patients
    low, high = value - max(wider * (value - low), error), value + max(wider * (high - value), error)
    return float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1))


def _too_few(
    first: NDArray[np.bool_], patients: NDArray[np.str_], strata: NDArray[np.str_], sides: tuple[str, str]
) -> str:
    """Why there is no figure; "" where there is one."""
    for side, name in zip((first, ~first), sides):
        if side.sum() < FEWEST_IMAGES:
            return f"needs at least {FEWEST_IMAGES} images a side; {name} has {side.sum()}"
        count = len(set(patients[side]))
        if count < FEWEST_PATIENTS:
            return f"needs at least {FEWEST_PATIENTS} patients a side; {name} has {count}"
    if not set(strata[first]) & set(strata[~first]):
        return f"{sides[0]} and {sides[1]} have no source and view in common"
    return ""


def _check(
    x: Floats, y: NDArray[np.bool_], patients: NDArray[np.str_], strata: NDArray[np.str_], folds: int
) -> None:
    if x.ndim != 2 or not len(x) == len(y) == len(patients) == len(strata):
        raise GridError(
            f"features are {x.shape} for {len(y)} sides, {len(patients)} patients and {len(strata)} strata; "
            "give one row an image"
        )
    if not np.isfinite(x).all():
        raise GridError(
            f"feature {int(np.nonzero(~np.isfinite(x).all(0))[0][0])} is not finite; leave it out"
        )
    if folds < 2:
        raise SettingError(f"folds is {folds}; at least 2 are needed")
