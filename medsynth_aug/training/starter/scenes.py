"""Training scenes: a crop, the region to paint in it, its control images and its prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.conditioning import ConditioningSettings, control_images
from medsynth_aug.training.starter.crops import cut, draw_window, expose
from medsynth_aug.training.starter.lung_fields import human_lungs
from medsynth_aug.training.starter.prompts import prompt_of
from medsynth_aug.training.starter.radiographs import Radiograph
from medsynth_aug.training.starter.regions import draw_region

WHOLE_SHARE = 0.3
"""How many scenes are the whole image rather than a part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingScene:
    """One thing to learn from.

    Args:
        grey: `(S, S)` float32 in [0, 1].
        region: `(S, S)` bool, what the model has to fill in.
        controls: `(4, S, S)` uint8, canny, depth, mask and anatomy times 255.
        prompt: Its text.
    """

    grey: np.ndarray
    region: np.ndarray
    controls: np.ndarray
    prompt: str


def find_lungs(radiographs: Sequence[Radiograph], weights: Path | None) -> list[np.ndarray]:
    """Lung fields `(2, H, W)` of every image: human-drawn where there are any, else segmented.

    Args:
        radiographs: The images.
        weights: Weights of the segmenter; None leaves images without a human mask without lung fields.

    Raises:
        CheckpointError: If the weights are missing or do not fit.
    """
    return [_lungs_of(one, weights) for one in tqdm(radiographs, desc="lung fields", unit="image")]


def _lungs_of(one: Radiograph, weights: Path | None) -> np.ndarray:
    if one.lung_mask is not None:
        return human_lungs(one)
    if weights is None:
        return np.zeros((2, *one.pixels.shape), bool)
    return segment_lungs((one.pixels / np.float32(255)).astype(np.float32), weights=weights).numpy()


def draw_scene(
    rng: np.random.Generator, one: Radiograph, lungs: np.ndarray, size: int, *, whole: float = WHOLE_SHARE
) -> TrainingScene:
    """One random scene of an image, `size` pixels a side; parts are magnified 1.4 times at most."""
    window = draw_window(rng, one.pixels.shape, smallest=0.7 * size, whole=whole)
    grey = expose(rng, np.clip(cut(one.pixels, window, size) / 255, 0, 1))
    seen = np.stack([cut(side.astype(np.float32), window, size) > 0.5 for side in lungs])
    region, mask = draw_region(rng, seen, size)
    shown = np.asarray(mask & (rng.random() < 0.7), np.float32)
    controls = control_images(grey, shown, np.asarray(seen.any(0), np.float32), ConditioningSettings())
    return TrainingScene(
        grey, region, np.round(controls * 255).astype(np.uint8), prompt_of(one, window, lungs)
    )


def sampling_weights(radiographs: Sequence[Radiograph]) -> np.ndarray:
    """How often each image is drawn: rare findings and kept aspects more often than their share.

    Square-root balancing over the rarest label of each image, halved for images that were squeezed upstream.
    """
    counts: dict[str, int] = {}
    for one in radiographs:
        for label in one.labels:
            counts[label] = counts.get(label, 0) + 1
    rarest = np.array([min((counts[label] for label in one.labels), default=1) for one in radiographs])
    weights = 1 / np.sqrt(rarest) * np.array([1.0 if one.keeps_aspect else 0.5 for one in radiographs])
    return weights / weights.sum()
