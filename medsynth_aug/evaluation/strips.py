"""Pictures for a report: small, 8-bit, side by side."""

from collections.abc import Sequence

import cv2
import numpy as np

from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.evaluation.regions import has_region, square_round
from medsynth_aug.evaluation.report import Strip
from medsynth_aug.types import Grey

SIDE_PX = 192
DIFFERENCE_GAIN = 4


def picture(grey: Grey, *, side_px: int = SIDE_PX) -> np.ndarray:
    """`(h, w)` uint8 whose longer side is `side_px`."""
    scale = side_px / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    flag = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.round(255 * np.clip(cv2.resize(grey, size, interpolation=flag), 0, 1)).astype(np.uint8)


def strip_of(caption: str, images: Sequence[EvaluationImage]) -> list[Strip]:
    """One strip of whole images under their names; none where there are no images."""
    if not images:
        return []
    return [Strip(caption=caption, panels=tuple((one.name, picture(one.grey)) for one in images))]


def edit_strip(caption: str, painted: EvaluationImage, source: EvaluationImage) -> Strip:
    """Source, result and difference round the edit of one painted image."""
    where = painted.mask if has_region(painted) else painted.edit_region
    assert where is not None
    before, after = (square_round(one.grey, where) for one in (source, painted))
    change = 0.5 + DIFFERENCE_GAIN * 0.5 * (after - before)
    panels = (("source", before), ("result", after), (f"difference x {DIFFERENCE_GAIN}", change))
    return Strip(caption=caption, panels=tuple((title, picture(grey)) for title, grey in panels))
