"""The audits of shortcuts: what gives away that an image was edited, and that a lesion is not a real one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.audits.matching import match
from medsynth_aug.evaluation.audits.planned_regions import Lungs, find_lungs, with_planned_regions
from medsynth_aug.evaluation.audits.round_trips import Features, RoundTrip, round_trip_figures
from medsynth_aug.evaluation.audits.separability import FEWEST_IMAGES
from medsynth_aug.evaluation.audits.views import Rows, View, look, told_apart
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.types import BoolMap

MOST = 150
"""Images a side of an audit, which decide its cost."""

LEAST_SHAM_CHANGE = 0.5
"""Median change of shams over that of lesions below which an artefact audit proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found.

    Args:
        kind: "artefact": shams against untouched negatives. "realism": synthetic against real positives.
        lesion: Which lesion; "" for all.
        figures: AUCs on the whole image, inside and outside the edit.
        reference: The same where one side is untouched images after the autoencoder's round trip, and for
            shams also where the edit is undone: what of the AUC inside is the place of the region alone.
        changes: Median |change| inside the edit region, in shares of the value range, by side.
        left_out: Images without a counterpart in their stratum.
        reason: Why nothing was measured; "" if it was.
        passed: Whether every measured AUC of `figures` (the estimate, not its interval) is at most the
            limit; False for shams that prove nothing; None without a limit or with too little to measure.
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


def sham_change(image: EvaluationImage, source: EvaluationImage) -> float:
    """Median |change| inside the edit region of an image, in shares of the value range; 0 without a region.

    Args:
        image: A painted or sham image.
        source: What it was painted into.
    """
    if image.edit_region is None or not image.edit_region.any():
        return 0.0
    return float(np.median(np.abs(image.grey - source.grey)[image.edit_region]))


def median_change(images: ImageSet, sources: Mapping[str, EvaluationImage]) -> float | None:
    """Median over images of the median |change| inside the edit region, in shares of the value range.

    Args:
        images: Painted or sham images.
        sources: Their sources by digest; images whose source is not there do not count.
    """
    pairs = ((one, sources.get(one.source or "")) for one in images)
    found = [sham_change(one, source) for one, source in pairs if source is not None]
    return float(np.median(found)) if found else None


def artefact_audit(
    shams: ImageSet,
    untouched: ImageSet,
    *,
    painted: ImageSet | None,
    sources: Mapping[str, EvaluationImage],
    round_trip: RoundTrip | None = None,
    features: Features | None = None,
    lungs: Lungs | None = find_lungs,
    fail_above: float | None = None,
    most: int = MOST,
    seed: int = 0,
    progress: bool = True,
) -> Audit:
    """Can one tell a film with a sham edit from one that nobody touched?

    Inside and outside, half of the shams are told from the sources of the other half, so that each region was
    planned for its own film. Where there are too few, untouched films get the region of another's sham. The
    audit refuses shams that change less than half as much as lesions: edits that do nothing prove nothing.

    Args:
        shams: Sham edits.
        untouched: Real images without a lesion.
        painted: Images with a lesion, whose change is compared with that of the shams; None where there are
            none.
        sources: Sources of shams and painted images by digest.
        round_trip: The checkpoint's autoencoder, for the reference.
        features: Encoder features of whole images, which are looked at beside the traces.
        lungs: Finds the lungs by which regions are fitted to other films; None fits image to image.
        fail_above: Largest AUC that passes; None sets no gate.
        most: Most images a side.
        seed: Decides draws and folds.
        progress: Show a progress bar.

    Raises:
        SettingError: If `fail_above` is not in [0, 1].
    """
    _check_limit(fail_above)
    changes = _changes(sources, shams=shams, lesions=painted or ImageSet("lesions", ()))
    start = Audit(kind="artefact", changes=changes)
    if not len(shams):
        reason = "there are no sham edits; paint some into normal images first (--shams N)"
        return replace(start, reason=reason)
    reason = _proves_nothing(changes)
    if reason:
        return replace(start, reason=reason, passed=None if fail_above is None else False)
    pairs = match(shams, untouched, most=most, seed=seed)
    behind = _sources_of(shams, sources)
    within = match(shams, behind, most=most, seed=seed)
    if len(within.first) < FEWEST_IMAGES:
        within, behind = pairs, pairs.second
    behind = with_planned_regions(behind, shams, lungs=lungs, seed=seed)
    planned = with_planned_regions(within.second, shams, lungs=lungs, seed=seed)
    notes = [] if features is not None else ["without encoder features"]
    if "lesions" not in changes:
        notes.append("no painted lesion whose change could be compared with that of the shams")
    if within is not pairs:
        notes.append("inside and outside: half of the shams against the sources of the other half")
    return _audit(
        replace(start, left_out=pairs.left_out, notes=tuple(notes)),
        (pairs.first, pairs.second), (within.first, planned), untouched=behind.images[:most],
        sides=("sham", "untouched"), region_of=lambda one: one.edit_region, rim=True, round_trip=round_trip,
        features=features, fail_above=fail_above, seed=seed, progress=progress,
        undone=_sources_of(within.first, sources).images,
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

    Raises:
        SettingError: If `fail_above` is not in [0, 1].
    """
    _check_limit(fail_above)
    pairs = match(synthetic, positives, most=most, seed=seed)
    start = Audit(kind="realism", lesion=lesion, changes={}, left_out=pairs.left_out)
    return _audit(
        start, (pairs.first, pairs.second), (pairs.first, pairs.second), untouched=pairs.second.images,
        sides=("synthetic", "real"), region_of=region_of, rim=False, round_trip=round_trip,
        features=features, fail_above=fail_above, seed=seed, progress=progress,
    )  # fmt: skip


def _audit(
    audit: Audit, whole: tuple[ImageSet, ImageSet], within: tuple[ImageSet, ImageSet], *,
    untouched: Sequence[EvaluationImage], sides: tuple[str, str],
    region_of: Callable[[EvaluationImage], BoolMap | None], rim: bool, round_trip: RoundTrip | None,
    features: Features | None, fail_above: float | None, seed: int, progress: bool,
    undone: Sequence[EvaluationImage] = (),
) -> Audit:  # fmt: skip
    views, note = _views([[region_of(one) for one in side] for side in within])
    figures: list[Figure] = []
    reference: list[Figure] = []
    for view in views:
        first, second = whole if view == "whole" else within
        regions = [[region_of(one) for one in side] for side in (first, second)]
        rows: list[Rows] = [
            look(side.images, held, view, rim=rim, features=features, progress=progress)
            for side, held in zip((first, second), regions)
        ]
        figures.append(
            told_apart(f"AUC {view}", first.images, second.images, (rows[0], rows[1]), sides=sides, seed=seed)
        )
        if view == "inside" and len(first) == len(undone) and figures[-1].value is not None:
            before = look(undone, regions[0], view, rim=rim, progress=progress, title="of the sources")
            reference.append(
                told_apart(
                    "AUC inside, nothing edited", undone, second.images, (before, rows[1]),
                    sides=("source of a sham", sides[1]), seed=seed,
                )
            )  # fmt: skip
    if round_trip is not None and figures[0].value is not None:
        reference += round_trip_figures(
            untouched, [region_of(one) for one in untouched], views, round_trip, rim=rim, features=features,
            seed=seed, progress=progress,
        )  # fmt: skip
    values = [figure.value for figure in figures if figure.value is not None]
    return replace(
        audit, figures=tuple(figures), reference=tuple(reference), notes=(*audit.notes, *note),
        passed=None if fail_above is None or not values else max(values) <= fail_above,
        reason="" if values else figures[0].refused,
    )  # fmt: skip


def _views(regions: Sequence[Sequence[BoolMap | None]]) -> tuple[list[View], tuple[str, ...]]:
    """What can be looked at, and what a reader must know of it."""
    known = [[region is not None and bool(region.any()) for region in side] for side in regions]
    if not all(any(side) for side in known):
        return ["whole"], ("no image of one side says where its region is: whole image only",)
    unknown = sum(not held for side in known for held in side)
    note = (f"{unknown} images that do not say where their region is count on the whole image only",)
    return ["whole", "inside", "outside"], note if unknown else ()


def _sources_of(images: ImageSet, sources: Mapping[str, EvaluationImage]) -> ImageSet:
    """The known sources of the images, in order, none twice."""
    names = (one.source for one in images if one.source is not None)
    found = {name: sources[name] for name in names if name in sources}
    return ImageSet(f"sources of {images.name}", tuple(found.values()))


def _proves_nothing(changes: Mapping[str, float]) -> str:
    """Why these shams prove nothing; "" if they do."""
    if "shams" not in changes:
        return "no source of a sham was found, so what they change is unknown; give the images behind them"
    if changes["shams"] > 0 and changes["shams"] >= LEAST_SHAM_CHANGE * changes.get("lesions", 0.0):
        return ""
    lesions = f", that of lesions {changes['lesions']:.2g}" if "lesions" in changes else ""
    return (
        f"the median change of shams is {changes['shams']:.2g} of the value range{lesions}; shams that "
        "change nothing, or less than half as much as lesions, prove nothing: paint them as strongly"
    )


def _check_limit(fail_above: float | None) -> None:
    if fail_above is not None and not 0 <= fail_above <= 1:
        raise SettingError(f"fail_above is {fail_above}; an AUC is in [0, 1], and 0.5 is chance")


def _changes(sources: Mapping[str, EvaluationImage], **sides: ImageSet) -> dict[str, float]:
    found = {name: median_change(images, sources) for name, images in sides.items()}
    return {name: value for name, value in found.items() if value is not None}
