"""Ribs found classically, without weights: bright ridges as wide as a rib, long, and not upright."""

from dataclasses import dataclass

import cv2
import numpy as np
from skimage.feature import hessian_matrix
from skimage.morphology import skeletonize

from medsynth_aug.types import BoolMap, Grey, Spacing

WORK_MM = 1.2
"""Grid on which ridges are looked for; a rib is 7 to 10 pixels wide there."""


@dataclass(frozen=True, slots=True, eq=False)
class Ribs:
    """Points on the centre lines of the ribs.

    Args:
        rows: `(N,)` rows in pixels of the image.
        columns: `(N,)` columns in pixels of the image.
        angle_rad: `(N,)` direction of the rib, from the column axis towards larger rows, in (-pi/2, pi/2].
        strength: `(N,)` scale-normalised curvature of the ridge in grey, larger is clearer.
    """

    rows: Grey
    columns: Grey
    angle_rad: Grey
    strength: Grey


def find_ribs(
    grey: Grey,
    lungs: BoolMap,
    spacing: Spacing,
    *,
    width_mm: float = 10.0,
    least_length_mm: float = 28.0,
    steepest_rad: float = 1.1,
    least_strength: float = 0.005,
) -> Ribs | None:
    """Centre lines of the ribs that cross the lung fields, or None where none is clear.

    A ridge is where the second derivative across is strongly negative and the one along is not (Sato et al.,
    Medical Image Analysis 1998).

    Args:
        grey: `(H, W)` in [0, 1], bright = dense.
        lungs: `(H, W)` where to look.
        spacing: Millimetres per pixel.
        width_mm: Typical width of a rib.
        least_length_mm: Shorter ridges are vessels or chance.
        steepest_rad: Steeper ridges are not ribs.
        least_strength: Fainter ridges are grain; on radiographs ribs have 0.01 to 0.05.
    """
    scale = min(1.0, spacing.mean_mm / WORK_MM)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    if min(size) < 24 or not lungs.any():
        return None
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    inside = cv2.resize(lungs.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    pixel_mm = spacing.mean_mm / scale
    strength, angle = _ridges(small, 0.32 * width_mm / pixel_mm)
    inside &= (strength > least_strength) & (np.abs(angle) < steepest_rad)
    if not inside.any():
        return None
    clear = inside & (strength > np.percentile(strength[inside], 45))
    line = _long_enough(skeletonize(clear), least_length_mm / pixel_mm)
    rows, columns = np.nonzero(line)
    if not len(rows):
        return None
    found = (rows / scale, columns / scale, angle[rows, columns], strength[rows, columns])
    return Ribs(*(np.asarray(values, np.float32) for values in found))


def direction_at(grey: Grey, row: float, column: float, spacing: Spacing, *, width_mm: float = 10.0) -> float:
    """Direction of the bright band at a point, in radians from the column axis towards larger rows."""
    reach = max(8, int(2.5 * width_mm / spacing.mean_mm))
    top, left = max(0, int(row) - reach), max(0, int(column) - reach)
    crop = grey[top : int(row) + reach + 1, left : int(column) + reach + 1]
    _, angle = _ridges(crop, max(1.0, 0.32 * width_mm / spacing.mean_mm))
    return float(angle[min(int(row) - top, crop.shape[0] - 1), min(int(column) - left, crop.shape[1] - 1)])


def _ridges(grey: Grey, sigma_px: float) -> tuple[Grey, Grey]:
    """Strength of bright ridges (scale-normalised curvature in grey, 0 where there is none) and direction."""
    rr, rc, cc = hessian_matrix(
        grey, sigma=sigma_px, mode="nearest", order="rc", use_gaussian_derivatives=False
    )
    spread = np.sqrt(((rr - cc) / 2) ** 2 + rc**2)
    across, along = (rr + cc) / 2 - spread, (rr + cc) / 2 + spread
    strength = np.maximum(-across - np.abs(along), 0)
    angle = 0.5 * np.arctan2(2 * rc, cc - rr)
    return (sigma_px**2 * strength).astype(np.float32), angle.astype(np.float32)


def _long_enough(line: BoolMap, length_px: float) -> BoolMap:
    count, labels, figures, _ = cv2.connectedComponentsWithStats(line.astype(np.uint8), connectivity=8)
    keep = np.zeros(count, bool)
    keep[1:] = figures[1:, cv2.CC_STAT_WIDTH] >= 0.8 * length_px
    keep[1:] &= figures[1:, cv2.CC_STAT_AREA] >= length_px
    return np.asarray(keep[labels])
