"""Draw a lesion for a check, and see to it that something was drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from medsynth_aug.errors import ConformanceError
from medsynth_aug.lesions import Lesion
from medsynth_aug.lesions.draw import Drawing, NoPlace, draw
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.testing.phantom import phantom_scene
from medsynth_aug.types import BoolMap

SEEDS = range(4)
"""Draws a check looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is said of a lesion beside its definition.

    Args:
        inside_anatomy: Least share of its mask inside the anatomy, in [0, 1]; 0 for a lesion that needs none.
    """

    inside_anatomy: float


def rng_of(seed: int) -> np.random.Generator:
    """The generator that a draw of that seed takes."""
    return np.random.default_rng(seed)


def drawn(
    lesion: Lesion, scene: Scene, seed: int, *, mask: BoolMap | None = None, sham: bool = False
) -> Drawing:
    """One drawing.

    Raises:
        ConformanceError: If no place is found in a scene that should have one.
    """
    drawing = draw(lesion, scene, rng_of(seed), mask=mask, sham=sham)
    if isinstance(drawing, NoPlace):
        raise ConformanceError(f"seed {seed}: nothing was drawn into a textbook chest: {drawing.reason}")
    return drawing


def drawings(lesion: Lesion) -> Iterator[tuple[int, Scene, Drawing]]:
    """Seed, scene and drawing for each of `SEEDS`, each in a phantom of its own."""
    for seed in SEEDS:
        scene = phantom_scene(seed=seed)
        yield seed, scene, drawn(lesion, scene, seed)
