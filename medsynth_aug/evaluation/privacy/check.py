"""Is it private: how near synthetic images come to the films that their checkpoint was trained on."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.evaluation.figures import refusal
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.privacy.baseline import Baseline, baseline_of_images, baseline_of_rows
from medsynth_aug.evaluation.privacy.copies import Measured, copy_threshold
from medsynth_aug.evaluation.privacy.edit_copies import compare_edits
from medsynth_aug.evaluation.privacy.nearest import (
    Nearest,
    Segment,
    mirrored,
    nearest_by_features,
    nearest_by_pixels,
    patches_of,
)
from medsynth_aug.evaluation.privacy.own_films import allowed_films
from medsynth_aug.evaluation.privacy.report import (
    EDITS,
    ENCODER,
    PIXELS,
    Compared,
    Pair,
    PrivacyReport,
    report_of,
)

if TYPE_CHECKING:
    from medsynth_aug.diffusion.training_index import TrainingIndex

FEWEST = 50
"""Real films that are needed for a threshold."""

Features = Callable[[ImageSet], NDArray[np.float32]]

__all__ = ["Pair", "PrivacyReport", "privacy"]


def privacy(
    synthetic: ImageSet,
    real: ImageSet | None = None,
    *,
    index: "TrainingIndex | None",
    features: Features | None = None,
    encoder: str = "",
    sources: Mapping[str, EvaluationImage] | None = None,
    positives: ImageSet | None = None,
    segment: Segment = segment_lungs,
    seed: int = 0,
    progress: bool = True,
) -> PrivacyReport:
    """Distance to the nearest training film, against that of real films to films of other patients.

    Two spaces for whole images, upright and mirrored: 1 - correlation of 32 x 32 thumbnails, lined up
    by the lungs and then by their pixels; and 1 - cosine of an encoder's features. Each threshold is the 1st
    percentile of the real films' distances. Only pixels call a copy: `report.CALLS` says why.

    Of a painted image, films of its own patient do not count, nor any that its source is a copy of, because
    its background is that film's by design; its lesion is compared with training positives instead.

    Args:
        synthetic: What is checked.
        real: Films for the threshold; training films stand for them where fewer than 50 can be used.
        index: What the checkpoint was trained on; None where it does not say.
        features: Features `(N, D)` of images by an extractor; None leaves that space out.
        encoder: Digest of that extractor; an index with features of another one is not compared.
        sources: Source of each painted image by its digest, as `find_sources` gives them.
        positives: Real lesions, with masks, that the checkpoint was trained on.
        segment: Gives `(2, H, W)` bool lung fields of a grey image.
        seed: Seeds intervals and draws.
        progress: Show progress bars.
    """
    if index is None:
        return PrivacyReport(
            ran=False, reason="the checkpoint carries no training index, so nobody can say what it has seen"
        )
    if not len(synthetic):
        return PrivacyReport(ran=False, reason="there are no synthetic images")
    base = baseline_of_images(real, index, segment, progress=progress) if real is not None else None
    if base is None or len(base) < FEWEST:
        base = baseline_of_rows(index, seed=seed)
    if len(base) < FEWEST:
        return PrivacyReport(
            ran=False,
            reason=f"{len(base)} real or training films can be compared with films of other patients; "
            f"a threshold needs {FEWEST}: give more real images",
        )
    limit = copy_threshold(base.nearest.distance)
    allowed, told = allowed_films(synthetic, index, sources or {}, limit, segment, progress)
    films = index.thumbnails.numpy()
    pixels = nearest_by_pixels(patches_of(synthetic, segment, progress=progress), films, allowed)
    real_films = Measured(base.name, base.nearest.distance, base.patients)
    spaces = [Compared(PIXELS, synthetic, pixels, real_films, films, _film_name)]
    refused = []
    seen, why = _by_features(synthetic, base, index, features, encoder, allowed, pixels)
    if seen is None:
        refused.append(refusal(f"median nearest distance, {ENCODER}", why, n={synthetic.name: 0}))
    else:
        spaces.append(seen)
    edits, why = compare_edits(EDITS, synthetic, positives, fewest=FEWEST)
    if edits is None:
        refused.append(refusal(f"median nearest distance, {EDITS}", why, n={synthetic.name: 0}))
    else:
        spaces.append(edits)
    if base.left_out:
        told.append(f"{base.left_out} films of {base.name} left out of the baseline: trained on, or doubles")
    return report_of(synthetic, spaces, refused, "; ".join(told), seed=seed)


def _by_features(
    synthetic: ImageSet,
    base: Baseline,
    index: "TrainingIndex",
    features: Features | None,
    encoder: str,
    allowed: NDArray[np.bool_],
    pixels: Nearest,
) -> tuple[Compared | None, str]:
    """The encoder's space, or why it was not measured."""
    if features is None:
        return None, "no extractor was given"
    if index.features is None:
        return None, "the training index holds no features"
    if index.encoder != encoder:
        return None, "the training index holds features of another extractor"
    films = index.features.float().numpy()
    centre = films.mean(0)
    sides = [synthetic]
    if base.images is None:  # of a training film the features of its mirror image are not known
        theirs = [films[list(base.rows)] - centre]
    else:
        sides.append(mirrored(synthetic))
        theirs = [features(side) - centre for side in (base.images, mirrored(base.images))]
    ours = [features(side) - centre for side in sides]
    nearest = nearest_by_features(ours, films - centre, allowed, pixels.thumbnails)
    real = nearest_by_features(theirs, films - centre, base.allowed, base.nearest.thumbnails)
    beside = Measured(base.name, real.distance, base.patients)
    return Compared(ENCODER, synthetic, nearest, beside, index.thumbnails.numpy(), _film_name), ""


def _film_name(row: int) -> str:
    return f"training film {row}"
