"""The audits of shortcuts: what gives away that an image was edited, and that a lesion is not a real one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from tqdm.auto import tqdm

from medsynth_aug.conditioning import resample
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.forensics import rim_traces, traces
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.matching import match
from medsynth_aug.evaluation.separability import separability
from medsynth_aug.types import BoolMap, Grey

MOST = 150
"""Images a side of an audit, which decide its cost."""

LEAST_SHAM_CHANGE = 0.5
"""Median change of shams over that of lesions below which an artefact audit proves nothing."""

RoundTrip = Callable[[EvaluationImage], Grey]
Features = Callable[[ImageSet], np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found.

    Args:
        kind: "artefact": shams against untouched negatives. "realism": synthetic against real positives.
        lesion: Which lesion; "" for all.
        figures: AUCs on the whole image, inside and outside the edit.
        reference: The same where one side is untouched images after the autoencoder's round trip.
        changes: Median |change| inside the edit region, in shares of the value range, by side.
        left_out: Images without a counterpart in their stratum.
        reason: Why nothing was measured; "" if it was.
        passed: Whether every AUC is at most the limit; None without a limit or a figure.
        notes: What a reader must know.
    """

    kind: Literal["artefact", "realism"]
    lesion: str = ""
    figures: tuple[Figure, ...] = ()
    reference: tuple[Figure, ...] = ()
    changes: Mapping[str, float]
    left_out: int = 0
    reason: str = ""
    passed: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def ran(self) -> bool:
        """Whether anything was measured."""
        return not self.reason


def median_change(images: ImageSet, sources: Mapping[str, EvaluationImage]) -> float | None:
    """Median over images of the median |change| inside the edit region, in shares of the value range.

    Args:
        images: Painted or sham images.
        sources: Their sources by digest; images whose source is not there do not count.
    """
    found = []
    for one in images:
        source = sources.get(one.source or "")
        if source is not None and one.edit_region is not None and one.edit_region.any():
            found.append(float(np.median(np.abs(one.grey - source.grey)[one.edit_region])))
    return float(np.median(found)) if found else None


def artefact_audit(
    shams: ImageSet,
    untouched: ImageSet,
    *,
    painted: ImageSet,
    sources: Mapping[str, EvaluationImage],
    round_trip: RoundTrip | None = None,
    features: Features | None = None,
    fail_above: float | None = None,
    most: int = MOST,
    seed: int = 0,
    progress: bool = True,
) -> Audit:
    """Can one tell a film with a sham edit from one that nobody touched?

    Untouched films get the region of a sham of another patient. The audit refuses shams that change less than
    half as much as lesions: edits that do nothing prove nothing.

    Args:
        shams: Sham edits.
        untouched: Real images without a lesion.
        painted: Images with a lesion, whose change is compared with that of the shams.
        sources: Sources of shams and painted images by digest.
        round_trip: The checkpoint's autoencoder, for the reference.
        features: Encoder features of whole images, which are looked at beside the traces.
        fail_above: Largest AUC that passes; None sets no gate.
        most: Most images a side.
        seed: Decides draws and folds.
        progress: Show a progress bar.
    """
    changes = _changes(sources, shams=shams, lesions=painted)
    if not len(shams):
        reason = "there are no sham edits; paint some into normal images first (--shams N)"
        return Audit(kind="artefact", changes=changes, reason=reason)
    if "shams" in changes and "lesions" in changes:
        weak = changes["shams"] < LEAST_SHAM_CHANGE * changes["lesions"]
        if weak or changes["shams"] == 0:
            reason = (
                f"the median change of shams is {changes['shams']:.2g} of the value range, that of lesions "
                f"{changes['lesions']:.2g}; shams that change less than half as much prove nothing"
            )
            return Audit(kind="artefact", changes=changes, reason=reason)
    edited = {one.source for one in shams}
    pairs = match(shams, untouched.where(lambda one: one.digest not in edited), most=most, seed=seed)
    planned = _with_planned_regions(pairs.second, shams, seed)
    notes = () if features is not None else ("without encoder features",)
    return _audit(
        Audit(kind="artefact", changes=changes, left_out=pairs.left_out, notes=notes), pairs.first, planned,
        sides=("sham", "untouched"), region_of=lambda one: one.edit_region, rim=True, round_trip=round_trip,
        features=features, fail_above=fail_above, seed=seed, progress=progress,
    )  # fmt: skip


def realism_audit(
    synthetic: ImageSet,
    positives: ImageSet,
    *,
    lesion: str,
    region_of: Callable[[EvaluationImage], BoolMap | None],
    round_trip: RoundTrip | None = None,
    features: Features | None = None,
    fail_above: float | None = None,
    most: int = MOST,
    seed: int = 0,
    progress: bool = True,
) -> Audit:
    """Can one tell a synthetic lesion from a real one?

    Args:
        synthetic: Images with a painted lesion.
        positives: Real images with it.
        lesion: Its name.
        region_of: Where the lesion is in an image of either side, by one rule for both (a box, the lung
            fields); None where it is not known, and then only the whole image is looked at.
        round_trip: The checkpoint's autoencoder, for the reference: real positives before and after it.
        features: Encoder features of whole images, which are looked at beside the traces.
        fail_above: Largest AUC that passes; None sets no gate.
        most: Most images a side.
        seed: Decides draws and folds.
        progress: Show a progress bar.
    """
    pairs = match(synthetic, positives, most=most, seed=seed)
    start = Audit(kind="realism", lesion=lesion, changes={}, left_out=pairs.left_out)
    return _audit(
        start, pairs.first, pairs.second, sides=("synthetic", "real"), region_of=region_of, rim=False,
        round_trip=round_trip, features=features, fail_above=fail_above, seed=seed, progress=progress,
    )  # fmt: skip


def _audit(
    audit: Audit, first: ImageSet, second: ImageSet, *, sides: tuple[str, str],
    region_of: Callable[[EvaluationImage], BoolMap | None], rim: bool, round_trip: RoundTrip | None,
    features: Features | None, fail_above: float | None, seed: int, progress: bool,
) -> Audit:  # fmt: skip
    both = ImageSet("both", (*first, *second))
    is_first = [True] * len(first) + [False] * len(second)
    regions = [region_of(one) for one in both]
    known = all(region is not None and region.any() for region in regions)
    views = ["whole", "inside", "outside"] if known else ["whole"]
    unknown = ("the region is not known in every image: whole image only",)
    notes = audit.notes if known else (*audit.notes, *unknown)
    told = _look([one.grey for one in both], regions, views, rim=rim, title=audit.kind, progress=progress)
    if features is not None and len(both):
        told["whole"] = np.concatenate([told["whole"], features(both)], axis=1)
    strata = [one.stratum for one in both]
    figures = tuple(
        separability(
            told[view], is_first, both.patients, strata=strata, name=f"AUC {view}", sides=sides, seed=seed
        )
        for view in views
    )
    reference: tuple[Figure, ...] = ()
    if round_trip is not None and figures and figures[0].value is not None:
        reference = _round_trip_reference(
            first, regions[: len(first)], views, round_trip, rim, seed, progress
        )
    values = [figure.value for figure in figures if figure.value is not None]
    passed = None if fail_above is None or not values else max(values) <= fail_above
    reason = "" if values else (figures[0].refused if figures else "there are no images")
    return replace(audit, figures=figures, reference=reference, notes=notes, passed=passed, reason=reason)


def _round_trip_reference(
    images: ImageSet,
    regions: Sequence[BoolMap | None],
    views: Sequence[str],
    round_trip: RoundTrip,
    rim: bool,
    seed: int,
    progress: bool,
) -> tuple[Figure, ...]:
    """How well the same classifier tells images from what the autoencoder makes of others like them."""
    half = np.random.default_rng(seed).permutation(len(images))[: len(images) // 2]
    passed = set(half.tolist())
    shown = tqdm(images, desc="VAE round trip", unit="image", disable=not progress, leave=False)
    greys = [round_trip(one) if index in passed else one.grey for index, one in enumerate(shown)]
    told = _look(
        greys,
        regions,
        [view for view in views if view != "outside"],
        rim=rim,
        title="reference",
        progress=progress,
    )
    is_after = [index in passed for index in range(len(images))]
    strata = [one.stratum for one in images]
    return tuple(
        separability(
            x, is_after, images.patients, strata=strata, name=f"AUC {view}, VAE round trip",
            sides=("after", "before"), seed=seed,
        )
        for view, x in told.items()
    )  # fmt: skip


def _look(
    greys: Sequence[Grey], regions: Sequence[BoolMap | None], views: Sequence[str], *, rim: bool, title: str,
    progress: bool,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Traces of every image in each view."""
    found: dict[str, list[np.ndarray]] = {view: [] for view in views}
    shown = tqdm(greys, desc=f"Traces ({title})", unit="image", disable=not progress, leave=False)
    for grey, region in zip(shown, regions):
        if "whole" in found:
            found["whole"].append(traces(grey))
        if "inside" in found and region is not None:
            rims = [rim_traces(grey, region)] if rim else []
            found["inside"].append(np.concatenate([traces(grey, region), *rims]))
        if "outside" in found and region is not None:
            found["outside"].append(traces(grey, ~region))
    return {view: np.nan_to_num(np.stack(rows)) if rows else np.zeros((0, 1)) for view, rows in found.items()}


def _with_planned_regions(untouched: ImageSet, shams: ImageSet, seed: int) -> ImageSet:
    """Untouched images with the edit region of a sham of another patient, fitted to their own size."""
    rng = np.random.default_rng((seed, 1))
    order = [shams.images[index] for index in rng.permutation(len(shams))]

    def planned(number: int, one: EvaluationImage) -> EvaluationImage:
        others = [sham for sham in order if sham.patient != one.patient] or order
        region = others[number % len(others)].edit_region
        assert region is not None
        fitted = resample(region.astype(np.float32), one.shape) > 0.5
        return replace(one, edit_region=fitted)

    return ImageSet(untouched.name, tuple(planned(number, one) for number, one in enumerate(untouched)))


def _changes(sources: Mapping[str, EvaluationImage], **sides: ImageSet) -> dict[str, float]:
    found = {name: median_change(images, sources) for name, images in sides.items()}
    return {name: value for name, value in found.items() if value is not None}
