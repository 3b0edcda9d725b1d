"""How dark lung and how bright soft tissue are in this image, so that contrasts follow the exposure."""

from typing import NamedTuple

import numpy as np

from medsynth_aug.lesions.fields import blur
from medsynth_aug.lesions.scene import Scene, Side
from medsynth_aug.types import BoolMap

LEAST_SPAN = 0.15


class Exposure(NamedTuple):
    """Grey levels of an image, in units of its value range.

    Args:
        air: Grey of well aerated lung.
        soft: Grey of soft tissue beside the lungs (mediastinum, chest wall, upper abdomen).
    """

    air: float
    soft: float

    @property
    def span(self) -> float:
        """From lung to soft tissue; the unit in which priors state contrast."""
        return self.soft - self.air


def exposure_of(scene: Scene) -> Exposure:
    """Levels from inside and between the lung fields, or from the whole image where there are none."""
    step = max(1, min(scene.shape) // 160)
    grey = scene.grey[::step, ::step]
    lungs = scene.lung("both")[::step, ::step]
    air, soft = np.percentile(grey, (15, 75))
    if lungs.sum() >= 16:
        rows, columns = np.nonzero(lungs)
        box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        beside = grey[box][~lungs[box]]
        air = np.percentile(grey[lungs], 20)
        soft = np.percentile(beside, 70) if len(beside) >= 16 else np.percentile(grey[lungs], 95)
    return Exposure(float(air), max(float(soft), float(air) + LEAST_SPAN))


def aerated(scene: Scene, side: Side, *, most: float = 0.55, smoothing_mm: float = 5.0) -> BoolMap:
    """The part of a lung field that is dark, not hidden by heart, diaphragm or hilum.

    Args:
        scene: The image with its anatomy.
        side: Which lung field.
        most: Brightest level that counts, as a share of the exposure span.
        smoothing_mm: Width over which grey is averaged first, so that ribs and vessels do not count.
    """
    lung = scene.lung(side)
    exposure = exposure_of(scene)
    dark = blur(scene.grey, scene.pixels(smoothing_mm)) < exposure.air + most * exposure.span
    seen: BoolMap = lung & dark
    return seen if seen.sum() >= 0.15 * lung.sum() else lung
