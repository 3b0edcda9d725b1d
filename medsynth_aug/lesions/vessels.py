"""Lung vessels as a layer of their own: thin bright structures that are shorter than the edge of a rib."""

import cv2
import numpy as np

from medsynth_aug.lesions.fields import blur
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.types import Grey

DIRECTIONS = 10


def vessels_of(
    scene: Scene, *, width_mm: float = 5.0, rib_edge_mm: float = 26.0, grain_mm: float = 0.7
) -> Grey:
    """What must be subtracted from the grey image to remove its vessels, at least 0.

    A white top-hat with a disc finds all that is bright and narrower than `width_mm` (Serra, Image Analysis
    and Mathematical Morphology, 1982). The cortical edges of ribs are as thin, but long: what survives an
    opening by a line of `rib_edge_mm` in some direction is given back. Grain finer than `grain_mm` stays.

    Args:
        scene: The image, or a window of it.
        width_mm: Widest vessel that is removed; less than the width of a rib.
        rib_edge_mm: Length from which a thin line belongs to a rib.
        grain_mm: Width of the blur that separates grain from structure.
    """
    structure = blur(scene.grey, max(0.7, scene.pixels(grain_mm)))
    size = max(3, round(scene.pixels(width_mm)) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    opened = np.asarray(cv2.morphologyEx(structure, cv2.MORPH_OPEN, disc), np.float32)
    thin = structure - blur(np.minimum(opened, structure), 0.3 * size)
    thin = np.maximum(thin, 0)
    return np.asarray(np.maximum(thin - _long(thin, scene.pixels(rib_edge_mm)), 0), np.float32)


def _long(thin: Grey, length_px: float) -> Grey:
    """What of the thin structures runs straight for at least `length_px`."""
    reach = max(2, int(length_px / 2))
    longest = np.zeros_like(thin)
    for turn in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
        line = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
        dx, dy = round(reach * np.cos(turn)), round(reach * np.sin(turn))
        cv2.line(line, (reach - dx, reach - dy), (reach + dx, reach + dy), 1)
        longest = np.maximum(longest, cv2.morphologyEx(thin, cv2.MORPH_OPEN, line))
    return np.asarray(cv2.dilate(longest, np.ones((3, 3), np.uint8)), np.float32)
