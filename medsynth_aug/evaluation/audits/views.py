"""What an audit looks at: the whole image, inside its region, and outside of it."""

from collections.abc import Callable, Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from medsynth_aug.evaluation.audits.forensics import Trace, rim_traces, traces
from medsynth_aug.evaluation.audits.separability import separability
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.types import BoolMap, Grey

View = Literal["whole", "inside", "outside"]
Rows = NDArray[np.float64]

BEYOND_PX = 4
"""Pixels round a region that do not count as outside: the residuals there still see into it."""


def look(
    images: Sequence[EvaluationImage], regions: Sequence[BoolMap | None], view: View, *, rim: bool,
    features: Callable[[ImageSet], np.ndarray] | None = None, progress: bool = True, title: str = "",
) -> Rows:  # fmt: skip
    """Traces `(N, D)` of the images in one view; a row is NaN where the region is unknown or too small.

    Args:
        images: What is looked at.
        regions: Region of each image.
        view: Which part.
        rim: Look at how the region differs from its surroundings too; only inside.
        features: Encoder features that are looked at beside the traces; only on the whole image.
        progress: Show a progress bar.
        title: What the progress bar says.
    """
    shown = tqdm(images, desc=f"Traces {title or view}", unit="image", disable=not progress, leave=False)
    rows = [_row(one, region, view, rim) for one, region in zip(shown, regions)]
    width = max((len(row) for row in rows), default=1)
    found = np.stack([np.resize(row, width) for row in rows]) if rows else np.zeros((0, width))
    if features is None or view != "whole" or not len(images):
        return found
    return np.concatenate([found, features(ImageSet("seen", tuple(images)))], axis=1)


def told_apart(
    name: str, first: Sequence[EvaluationImage], second: Sequence[EvaluationImage], rows: tuple[Rows, Rows],
    *, sides: tuple[str, str], seed: int,
) -> Figure:  # fmt: skip
    """The AUC of two sides by the rows that are known.

    Args:
        name: Name of the figure.
        first: Images of the first side.
        second: Images of the second side.
        rows: What was seen of each side, `(N, D)`.
        sides: What the sides are called.
        seed: Decides folds and resamples.
    """
    known = [np.asarray(np.isfinite(one).all(1), bool) for one in rows]
    kept = [one for side, held in zip((first, second), known) for one, is_held in zip(side, held) if is_held]
    is_first = np.repeat([True, False], [int(held.sum()) for held in known])
    x = np.concatenate([one[held] for one, held in zip(rows, known)])
    return separability(
        x, is_first, [one.patient for one in kept], strata=[one.stratum for one in kept], name=name,
        sides=sides, seed=seed,
    )  # fmt: skip


def _row(one: EvaluationImage, region: BoolMap | None, view: View, rim: bool) -> Trace:
    if view == "whole":
        return traces(one.grey)
    if region is None or not region.any():
        return np.full(1, np.nan)
    if view == "outside":
        return traces(one.grey, _beyond(region if one.edit_region is None else region | one.edit_region))
    grey: Grey = one.grey
    return np.concatenate([traces(grey, region), *([rim_traces(grey, region)] if rim else [])])


def _beyond(region: BoolMap) -> BoolMap:
    """What no residual sees the region from."""
    reach = np.ones((2 * BEYOND_PX + 1, 2 * BEYOND_PX + 1), np.uint8)
    return np.asarray(cv2.dilate(region.astype(np.uint8), reach) == 0, bool)
