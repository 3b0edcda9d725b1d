"""Regions for films that nobody touched: where a sham would have been painted into them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.evaluation.audits.forensics import FEWEST_PX
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.types import BoolMap, Box, Grey

LEAST_LUNGS = 0.05
"""Share of the image below which found lungs are not believed."""

Lungs = Callable[[Grey], BoolMap]


def find_lungs(grey: Grey) -> BoolMap:
    """Both lung fields `(H, W)` of a frontal chest radiograph."""
    return np.asarray(segment_lungs(grey).any(0).numpy(), bool)


def with_planned_regions(
    untouched: ImageSet, shams: ImageSet, *, lungs: Lungs | None = find_lungs, seed: int = 0
) -> ImageSet:
    """Untouched images with an edit region each, planned as those of the shams.

    An image that a sham was painted into takes the region of that sham. Any other takes that of a sham of
    another patient, moved and scaled from the box of those lungs to the box of its own.

    Args:
        untouched: Images without an edit.
        shams: Sham edits; those without an edit region do not count.
        lungs: Finds the lungs; None scales from image to image.
        seed: Decides which sham lends its region.
    """
    lenders = [one for one in shams if one.edit_region is not None and one.edit_region.any()]
    if not lenders:
        return untouched
    own = {one.source: one.edit_region for one in lenders}
    order = [lenders[index] for index in np.random.default_rng((seed, 1)).permutation(len(lenders))]
    boxes: dict[str, Box] = {}

    def box(one: EvaluationImage) -> Box:
        if one.digest not in boxes:
            boxes[one.digest] = _lung_box(one.grey, lungs)
        return boxes[one.digest]

    def planned(number: int, one: EvaluationImage) -> EvaluationImage:
        if one.digest in own:
            return replace(one, edit_region=own[one.digest])
        others = [sham for sham in order if sham.patient != one.patient] or order
        lender = others[number % len(others)]
        assert lender.edit_region is not None
        region = fit_region(lender.edit_region, box(lender), box(one), one.shape)
        if np.count_nonzero(region) < FEWEST_PX:
            region = fit_region(lender.edit_region, _whole(lender.shape), _whole(one.shape), one.shape)
        return replace(one, edit_region=region)

    return ImageSet(untouched.name, tuple(planned(number, one) for number, one in enumerate(untouched)))


def fit_region(region: BoolMap, lender: Box, taker: Box, shape: tuple[int, int]) -> BoolMap:
    """A region `(H, W)` moved and scaled from one box to another, on a grid of `shape`.

    Args:
        region: The region to move.
        lender: Box in its image.
        taker: Box in the image that takes it.
        shape: `(H, W)` of that image; what falls off it is lost.
    """
    rows = (np.arange(shape[0]) + 0.5 - taker.y0) * (lender.y1 - lender.y0) / (taker.y1 - taker.y0)
    columns = (np.arange(shape[1]) + 0.5 - taker.x0) * (lender.x1 - lender.x0) / (taker.x1 - taker.x0)
    row, column = np.floor(rows + lender.y0).astype(int), np.floor(columns + lender.x0).astype(int)
    held = [(at >= 0) & (at < side) for at, side in zip((row, column), region.shape)]
    near = [np.clip(at, 0, side - 1) for at, side in zip((row, column), region.shape)]
    return np.asarray(region[np.ix_(*near)] & held[0][:, None] & held[1][None], bool)


def _lung_box(grey: Grey, lungs: Lungs | None) -> Box:
    """The box round the lungs, or round the image where none are believed."""
    found = None if lungs is None else lungs(grey)
    if found is None or found.mean() < LEAST_LUNGS:
        return _whole(grey.shape)
    rows, columns = np.nonzero(found.any(1))[0], np.nonzero(found.any(0))[0]
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _whole(shape: tuple[int, ...]) -> Box:
    return Box(0, 0, shape[1], shape[0])
