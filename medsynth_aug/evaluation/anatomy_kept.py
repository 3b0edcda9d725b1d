"""What an edit did to its surroundings: edges, structure and lung fields against those of the source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.metrics import structural_similarity
from torch import Tensor
from tqdm.auto import tqdm

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.conditioning import canny
from medsynth_aug.errors import GridError
from medsynth_aug.evaluation.figures import Figure, mean_figure
from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.types import BoolMap, Grey

CONTEXT = 1.6
TOLERANCE_PX = 2.0
LEAST_LUNG_LEFT = 0.25
"""Share of the lungs that must lie outside a lesion for the overlap to leave the lesion out; a diffuse one is
their mask, and then all of the lungs is compared."""

NAMES = {"edge_f1": "edge F1", "ssim": "SSIM", "lung_overlap": "lung overlap"}

Pair = tuple[EvaluationImage, EvaluationImage]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnatomyKept:
    """How well the anatomy round some edits was kept.

    Args:
        figures: Means over the images.
        rows: One an image: `name`, `edge_f1`, `ssim`, `lung_overlap`.
    """

    figures: tuple[Figure, ...]
    rows: tuple[dict[str, float | str], ...]


def anatomy_kept(
    pairs: Sequence[Pair],
    *,
    segment: Callable[[Grey], Tensor] = segment_lungs,
    progress: bool = True,
    seed: int = 0,
) -> AnatomyKept:
    """Edge F1, SSIM and lung overlap outside the lesion, in the window round each edit.

    Args:
        pairs: A painted or sham image, and the source that it was painted into.
        segment: Gives `(2, H, W)` bool lung fields of a grey image.
        progress: Show a progress bar.
        seed: Seeds the intervals, which are over patients.

    Raises:
        GridError: If an image and its source differ in size.
    """
    rows = [
        _row(one, source, segment)
        for one, source in tqdm(pairs, desc="Anatomy kept", unit="image", disable=not progress)
    ]
    patients = [one.patient for one, _ in pairs]
    figures = tuple(
        mean_figure(name, [float(row[key]) for row in rows], patients, seed=seed)
        for key, name in NAMES.items()
    )
    return AnatomyKept(figures=figures, rows=tuple(rows))


def edge_f1(grey: Grey, source: Grey, where: BoolMap, *, tolerance_px: float = TOLERANCE_PX) -> float:
    """F-measure of canny edges against those of the source; 1 where neither has any.

    Martin, Fowlkes and Malik, "Learning to detect natural image boundaries", IEEE TPAMI 26 (2004) 530, with
    the nearest edge in place of an assignment.

    Args:
        grey: `(H, W)`.
        source: `(H, W)`.
        where: `(H, W)` bool, which edges count.
        tolerance_px: How far an edge may have moved.
    """
    ours, theirs = canny(grey) > 0, canny(source) > 0
    precision, recall = _found(ours & where, theirs, tolerance_px), _found(theirs & where, ours, tolerance_px)
    if precision is None and recall is None:
        return 1.0
    if not precision or not recall:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def dice(one: BoolMap, other: BoolMap) -> float:
    """Overlap of two maps; 1 where both are empty.

    Dice, "Measures of the amount of ecologic association between species", Ecology 26 (1945) 297.
    """
    total = one.sum() + other.sum()
    return float(2 * (one & other).sum() / total) if total else 1.0


def _row(
    one: EvaluationImage, source: EvaluationImage, segment: Callable[[Grey], Tensor]
) -> dict[str, float | str]:
    if one.shape != source.shape:
        raise GridError(
            f"{one.name} is {one.shape} but its source {source.name} is {source.shape}; an edit keeps the "
            "size: give the source as it was painted into"
        )
    after, before = one.grey, source.grey
    lesion = np.zeros(one.shape, bool) if one.mask is None else one.mask
    window = _window(lesion if one.edit_region is None else one.edit_region)
    outside = ~lesion[window]
    similarity = structural_similarity(before[window], after[window], data_range=1.0, full=True)[1]
    lungs = [segment(grey).any(0).numpy() for grey in (after, before)]
    if (lungs[1] & ~lesion).sum() >= LEAST_LUNG_LEFT * lungs[1].sum():
        lungs = [lung & ~lesion for lung in lungs]
    return {
        "name": one.name,
        "edge_f1": edge_f1(after[window], before[window], outside),
        "ssim": float(similarity[outside].mean()) if outside.any() else 1.0,
        "lung_overlap": dice(*lungs),
    }


def _window(region: BoolMap) -> tuple[slice, slice]:
    """Rows and columns of the region's box with some context, at least 16 pixels each; all if it is empty."""
    if not region.any():
        return slice(None), slice(None)
    found = []
    for axis, length in ((1, region.shape[0]), (0, region.shape[1])):
        held = np.nonzero(region.any(axis))[0]
        extent = max(16, int(np.ceil(CONTEXT * (held[-1] - held[0] + 1))))
        first = max(0, min((held[0] + held[-1] + 1 - extent) // 2, length - extent))
        found.append(slice(int(first), int(min(length, first + extent))))
    return found[0], found[1]


def _found(asked: BoolMap, edges: BoolMap, tolerance_px: float) -> float | None:
    """Share of the asked pixels that have an edge nearby; None if none is asked."""
    if not asked.any():
        return None
    if not edges.any():
        return 0.0
    return float((distance_transform_edt(~edges)[asked] <= tolerance_px).mean())
