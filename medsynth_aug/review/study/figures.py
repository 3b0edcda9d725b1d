"""The figures of a study, from what readers said."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.evaluation.figures import Figure, percentile_interval, refusal
from medsynth_aug.evaluation.report.section import FigureGroup
from medsynth_aug.review.study.readings import Readings
from medsynth_aug.review.study.statistics.agreement import cohens_kappa, fleiss_kappa
from medsynth_aug.review.study.statistics.areas import areas_with_covariance, mean_area
from medsynth_aug.review.study.statistics.detection import sensitivity_and_criterion
from medsynth_aug.review.study.statistics.proportions import share_figure
from medsynth_aug.review.study.statistics.resampling import Resamples, two_way

TWO_WAY = "Interval over readers and cases: two-way bootstrap."
OVER_CASES = "Interval over cases: bootstrap."
OBUCHOWSKI = "Interval over readers and cases: Obuchowski-Rockette with Hillis's degrees of freedom."
DELONG = "Interval over cases: DeLong."
WILSON = "Interval over cases: Wilson."
D_PRIME = "Log-linear correction (Hautus)."

Floats = NDArray[np.floating[Any]]


def figure_groups(readings: Readings, *, seed: int = 0) -> list[FigureGroup]:
    """Every group of figures: all readers, each class, the diagnoses, agreement, each reader."""
    draws = two_way(len(readings.readers), readings.synthetic, np.random.default_rng(seed))
    groups = [FigureGroup(heading="Real or synthetic: all readers", figures=tuple(_calls(readings, draws)))]
    for label in np.unique(readings.labels):
        kept = readings.labels == label
        part = Resamples(readers=draws.readers, cases=draws.cases[:, kept])
        figures = tuple(_calls(readings.where(kept), part))
        groups.append(FigureGroup(heading=f"Real or synthetic: {label}", figures=figures))
    told = (
        ("Diagnosis: all readers", _diagnoses(readings, draws)),
        ("Time: all readers", _seconds(readings, draws)),
        ("Agreement on real or synthetic", _agreement(readings, readings.called, draws)),
        ("Agreement on the diagnosis", _agreement(readings, readings.diagnoses, draws)),
    )
    groups += [FigureGroup(heading=heading, figures=tuple(figures)) for heading, figures in told]
    for number, reader in enumerate(readings.readers):
        groups.append(
            FigureGroup(heading=f"Reader {reader}", figures=tuple(_reader(readings.of(number), draws)))
        )
    return groups


def _calls(readings: Readings, draws: Resamples) -> Iterator[Figure]:
    """AUC, accuracy, sensitivity, specificity, d' and criterion over all readers."""
    truth, called, n = readings.synthetic, readings.called, readings.counted
    note = _over(readings)
    yield _auc(readings)
    right = called == truth
    everything = np.ones(len(truth), bool)
    for name, kept in (("Accuracy", everything), ("Sensitivity", truth), ("Specificity", ~truth)):
        yield _resampled(name, _share(right, kept, draws), n | {"cases": int(kept.sum())}, note)
    hits, false = draws.cases @ (called & truth).T, draws.cases @ (called & ~truth).T
    sides = [draws.cases @ one.astype(float) for one in (truth, ~truth)]
    measures = sensitivity_and_criterion(hits, sides[0][:, None], false, sides[1][:, None])
    weight = draws.readers / draws.readers.sum(axis=1, keepdims=True)
    for name, held in zip(("d'", "Criterion"), measures):
        yield _resampled(name, (weight * held).sum(axis=1), n, f"{D_PRIME} {note}")


def _auc(readings: Readings) -> Figure:
    n, truth = readings.counted, readings.synthetic
    if min(truth.sum(), (~truth).sum()) < 2:
        return refusal("AUC", "needs at least two images of each arm", n=n)
    area = mean_area(*areas_with_covariance(readings.ratings, truth))
    note = OBUCHOWSKI if len(readings.readers) > 1 else DELONG
    return Figure(name="AUC", value=area.value, low=area.low, high=area.high, n=n, note=note)


def _diagnoses(readings: Readings, draws: Resamples) -> Iterator[Figure]:
    """How often the diagnosis was right in real and in synthetic images."""
    right = readings.diagnoses == readings.labels
    sides = {name: _share(right, kept, draws) for name, kept in _arms(readings).items()}
    for name, kept in _arms(readings).items():
        n = readings.counted | {"cases": int(kept.sum())}
        yield _resampled(f"Right in {name} images", sides[name], n, _over(readings))
    difference = sides["synthetic"] - sides["real"]
    yield _resampled("Difference, synthetic less real", difference, readings.counted, _over(readings))


def _seconds(readings: Readings, draws: Resamples) -> Iterator[Figure]:
    """How long an answer took."""
    for name, kept in _arms(readings).items():
        n = readings.counted | {"cases": int(kept.sum())}
        yield _resampled(
            f"Mean seconds, {name} images", _share(readings.seconds, kept, draws), n, _over(readings)
        )


def _agreement(readings: Readings, held: NDArray[Any], draws: Resamples) -> Iterator[Figure]:
    """Agreement of all readers, and of each two of them, on what they said of the images."""
    n = readings.counted
    if len(readings.readers) < 2:
        yield refusal("Fleiss' kappa", "there is one reader", n=n)
        return
    counts = np.stack([(held == one).sum(axis=0) for one in np.unique(held)], axis=1)
    yield _resampled("Fleiss' kappa", fleiss_kappa(counts, draws.cases), n, OVER_CASES)
    for first, second in combinations(range(len(readings.readers)), 2):
        kappa = cohens_kappa(held[first], held[second], draws.cases)
        pair = f"{readings.readers[first]} and {readings.readers[second]}"
        yield _resampled(f"Cohen's kappa, {pair}", kappa, {"cases": n["cases"]}, OVER_CASES)


def _reader(readings: Readings, draws: Resamples) -> Iterator[Figure]:
    """The figures of one reader."""
    truth, called = readings.synthetic, readings.called[0]
    yield _auc(readings)
    right = called == truth
    for name, kept in (("Accuracy", truth | ~truth), ("Sensitivity", truth), ("Specificity", ~truth)):
        yield _noted(share_figure(name, int(right[kept].sum()), int(kept.sum()), unit="cases"), WILSON)
    yield from list(_calls(readings, Resamples(readers=np.ones((len(draws.cases), 1)), cases=draws.cases)))[
        4:
    ]
    diagnosed = int((readings.diagnoses[0] == readings.labels).sum())
    yield _noted(share_figure("Diagnosis right", diagnosed, len(truth), unit="cases"), WILSON)
    twice = ~np.isnan(readings.again[0])
    for name, first, second in (
        ("call", called, readings.again[0] > 0),
        ("diagnosis", readings.diagnoses[0], readings.diagnoses_again[0]),
    ):
        yield _twice(f"Cohen's kappa, {name} again", first[twice], second[twice], draws.cases[:, twice])


def _twice(name: str, first: NDArray[Any], second: NDArray[Any], weights: Floats) -> Figure:
    """Agreement of a reader with himself on the images that he saw twice."""
    if len(first) < 2:
        return refusal(name, "fewer than two images were read twice", n={"cases": len(first)})
    drawn = weights[weights.sum(axis=1) > 0]
    return _resampled(name, cohens_kappa(first, second, drawn), {"cases": len(first)}, OVER_CASES)


def _arms(readings: Readings) -> dict[str, NDArray[np.bool_]]:
    return {"real": ~readings.synthetic, "synthetic": readings.synthetic}


def _over(readings: Readings) -> str:
    return TWO_WAY if len(readings.readers) > 1 else OVER_CASES


def _share(values: NDArray[Any], kept: NDArray[np.bool_], draws: Resamples) -> Floats:
    """The mean over readers and kept cases in each resample."""
    total = ((draws.readers @ (values * kept).astype(float)) * draws.cases).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / (draws.readers.sum(axis=1) * (draws.cases @ kept.astype(float))))


def _resampled(name: str, drawn: Floats, n: dict[str, int], note: str) -> Figure:
    """A figure whose first value is the estimate, the others its resamples."""
    if not np.isfinite(drawn[0]):
        return refusal(name, "all answers are alike", n=n)
    low, high = percentile_interval(drawn[1:])
    return Figure(name=name, value=float(drawn[0]), low=low, high=high, n=n, note=note)


def _noted(figure: Figure, note: str) -> Figure:
    return Figure(**{**{name: getattr(figure, name) for name in Figure.__slots__}, "note": note})
