"""Millimetres per pixel where the image does not say."""

import torch

from medsynth_aug.types import Spacing

LUNG_WIDTH_MM = 270.0
"""Assumed outer width of both lung fields together, that of an average adult: the inner thoracic diameter at
its widest is about 270 mm (Chon et al., Radiology 1987; cardiothoracic ratio studies give 260 to 290 mm).
Children are smaller, so their lesions come out in proportion to an adult's."""

FILM_WIDTH_MM = 350.0
"""Assumed width of the image where no lungs are seen: that of a 35 x 43 cm film."""


def assume_spacing(lungs: torch.Tensor) -> Spacing:
    """Isotropic spacing for which the lung fields have the width of an adult's.

    Args:
        lungs: `(2, H, W)` bool lung fields.
    """
    columns = lungs.any(dim=0).any(dim=0).nonzero()
    width_px = int(columns[-1] - columns[0]) + 1 if len(columns) else 0
    lungs_seen = width_px >= 0.2 * lungs.shape[2]
    spacing = LUNG_WIDTH_MM / width_px if lungs_seen else FILM_WIDTH_MM / lungs.shape[2]
    return Spacing(spacing, spacing)
