"""What guides placement in each training image: lung fields, the user's own masks, or nothing."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from tqdm import tqdm

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.errors import GridError
from medsynth_aug.training.starter.images.ahead import Ahead
from medsynth_aug.training.starter.images.radiographs import Radiograph
from medsynth_aug.training.starter.stages.lung_fields import human_lungs

AnatomyKind = Literal["lungs", "masks", "none"]
"""Lung fields (human-drawn or segmented); whatever the `mask` column names; nothing."""

PART = 16
"""Images that a worker takes at once."""


def find_anatomy(
    radiographs: Sequence[Radiograph], kind: AnatomyKind, weights: Path | None = None, *, workers: int = 0
) -> list[np.ndarray]:
    """Anatomy `(2, H, W)` bool of every image; the first plane holds everything where there are no sides.

    Args:
        radiographs: The images.
        kind: What it is.
        weights: Weights of the lung segmenter; None leaves images without a mask without anatomy.
        workers: Processes that look for it; 0 looks in this one.

    Raises:
        CheckpointError: If the weights are missing or do not fit.
        GridError: If a mask of the user's has another size than its image.
    """
    found = Ahead(partial(_of_part, radiographs, kind, weights), workers)
    parts = tqdm(range(0, len(radiographs), PART), desc="anatomy", unit="part")
    return [lungs.numpy() for number, _ in enumerate(parts) for lungs in found(number)]


def _of_part(
    radiographs: Sequence[Radiograph], kind: AnatomyKind, weights: Path | None, part: int
) -> list[torch.Tensor]:
    """Anatomy of the images of one part; none beyond the last."""
    ours = radiographs[part * PART : (part + 1) * PART]
    return [torch.from_numpy(_of(one, kind, weights)) for one in ours]


def _of(one: Radiograph, kind: AnatomyKind, weights: Path | None) -> np.ndarray:
    found = np.zeros((2, *one.pixels.shape), bool)
    if kind == "masks" and one.lung_mask is not None:
        if one.lung_mask.shape != one.pixels.shape:
            raise GridError(
                f"{one.row['file']} is {one.pixels.shape} but its mask {one.row['mask']} is "
                f"{one.lung_mask.shape}; resample the mask onto the image grid first"
            )
        found[0] = one.lung_mask > 127
    if kind == "lungs":
        if one.lung_mask is not None:
            return human_lungs(one)
        if weights is not None:
            return segment_lungs((one.pixels / np.float32(255)).astype(np.float32), weights=weights).numpy()
    return found
