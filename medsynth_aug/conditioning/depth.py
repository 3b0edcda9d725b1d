"""Depth for a projection: how much matter the ray crossed."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from medsynth_aug.types import Grey


class DepthModel(Protocol):
    """Turns a grey radiograph into a depth map; learned models plug in here."""

    @property
    def name(self) -> str:
        """Name and version, part of the engine's fingerprint."""
        ...

    def __call__(self, grey: Grey) -> Grey:
        """Depth `(H, W)` float32 in [0, 1], 1 where the most matter lies in the ray, from a `(H, W)` grey."""
        ...


@dataclass(frozen=True, slots=True)
class AttenuationDepth:
    """Depth from attenuation alone; needs no weights.

    By the Beer-Lambert law the logarithm of the transmitted intensity falls in proportion to the matter in
    the ray, and the grey values of a processed radiograph are close to that logarithm. Their smooth part is
    thus a map of projected thickness: heart and abdomen deep, lungs shallow.

    Args:
        smoothness_px: Width of the Gaussian in pixels of the diffusion grid. Half a latent pixel of the
            starter keeps ribs and vessels in the map; wide ones leave only the layout.
        percentiles: Grey percentiles that become 0 and 1.
    """

    smoothness_px: float = 2.0
    percentiles: tuple[float, float] = (1.0, 99.0)

    @property
    def name(self) -> str:
        """Name and settings, part of the engine's fingerprint."""
        return f"attenuation-2:{self.smoothness_px:g}:{self.percentiles[0]:g}-{self.percentiles[1]:g}"

    def __call__(self, grey: Grey) -> Grey:
        """Depth `(H, W)` float32 in [0, 1] from a `(H, W)` grey image."""
        smooth = cv2.GaussianBlur(grey, (0, 0), max(0.5, self.smoothness_px))
        low, high = np.percentile(smooth, self.percentiles)
        return np.clip((smooth - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32)
