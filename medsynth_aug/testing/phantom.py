"""A chest drawn from nothing, in millimetres, so that checks need no data."""

import numpy as np

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.anatomy.rib_cage import draw_rib_cage
from medsynth_aug.lesions.fields import blur
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.types import BoolMap, Grey, Spacing

FILM_MM = (340.0, 340.0)
"""Height and width of what the phantom shows; a 35 cm film without its border."""

VESSELS = 70


def phantom_chest(shape: tuple[int, int], *, seed: int = 0) -> tuple[Grey, BoolMap]:
    """Grey image `(H, W)` in [0, 1] and lung fields `(2, H, W)` of one phantom; always the same for a seed.

    Dark lungs in soft tissue with ribs, short vessels and grain. The same chest at any shape: structures keep
    their place and size as shares of the film, only the grain is of the grid.
    """
    rng = np.random.default_rng(seed)
    lungs = np.asarray(schematic_lungs(shape).numpy())
    both = np.asarray(lungs.any(0))
    pixel = max(shape) / 340.0
    grey = 0.75 - 0.45 * blur(both.astype(np.float32), max(0.5, pixel))
    grey = grey + 0.12 * draw_rib_cage(lungs, rng) + 0.1 * _vessels(shape, pixel, rng) * both
    grain = rng.normal(0, 0.01, shape)
    return np.clip(grey + grain, 0, 1).astype(np.float32), lungs


def phantom_scene(
    shape: tuple[int, int] = (256, 240),
    *,
    seed: int = 0,
    sides: str = "both",
    keep: BoolMap | None = None,
) -> Scene:
    """The phantom as the priors see it, on a film of `FILM_MM`.

    Args:
        shape: `(H, W)`; spacing follows, so pixels need not be square.
        seed: Which phantom.
        sides: "both", "right", "left" or "none": the lung fields that are told.
        keep: What is never painted over.
    """
    grey, (right, left) = phantom_chest(shape, seed=seed)
    nothing = np.zeros(shape, bool)
    return Scene(
        grey=grey,
        right_lung=right if sides in ("both", "right") else nothing,
        left_lung=left if sides in ("both", "left") else nothing,
        spacing=Spacing(FILM_MM[0] / shape[0], FILM_MM[1] / shape[1]),
        keep=nothing if keep is None else keep,
    )


def disc(shape: tuple[int, int], row: float, column: float, radius: float) -> BoolMap:
    """A disc; place and radius as shares of the height and width of the grid."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(
        np.hypot((rows + 0.5) / shape[0] - row, (columns + 0.5) / shape[1] - column) <= radius, bool
    )


def _vessels(shape: tuple[int, int], pixel: float, rng: np.random.Generator) -> Grey:
    lines = np.zeros(shape, np.float32)
    for top, left in rng.uniform(0, 1, (VESSELS, 2)):
        row, column = int(top * shape[0]), int(left * shape[1])
        lines[row : row + max(1, round(2 * pixel)), column : column + max(2, round(10 * pixel))] = 1
    return lines
