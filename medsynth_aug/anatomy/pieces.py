"""Connected pieces of a binary map: the largest one, tidied, and how ragged it is."""

import cv2
import numpy as np

from medsynth_aug.types import BoolMap

TIDY_RADIUS_PX = 9
"""On the network's grid: a twentieth of a thorax, less than half of the narrowest lung."""


def largest_piece(mask: BoolMap, *, smallest_share: float = 0.005) -> BoolMap:
    """The largest connected piece with its holes filled; nothing if it is under a share of the image."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return np.zeros_like(mask)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[best, cv2.CC_STAT_AREA] < smallest_share * mask.size:
        return np.zeros_like(mask)
    outlines, _ = cv2.findContours(
        (labels == best).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    return cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, 1, cv2.FILLED).astype(bool)


def tidy(mask: BoolMap, *, radius_px: int = TIDY_RADIUS_PX) -> BoolMap:
    """The largest piece of a lung without tongues and notches that no lung has.

    An opening by a disc cuts what hangs on by a neck (gas in the stomach, an armpit), and what lies near the
    rest is given back, so that costophrenic angles stay sharp; a closing fills notches (Serra, Image Analysis
    and Mathematical Morphology, 1982).

    Args:
        mask: `(H, W)` bool.
        radius_px: Radius of the disc.
    """
    core = largest_piece(_morph(mask, cv2.MORPH_OPEN, radius_px))
    near = mask & _morph(core, cv2.MORPH_DILATE, round(1.3 * radius_px))
    return largest_piece(_morph(near, cv2.MORPH_CLOSE, radius_px))


def solidity(mask: BoolMap) -> float:
    """Share of the convex hull that a mask fills, 0 if empty; a lung fills about 0.9, a ragged one less."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return 0.0
    hull = cv2.contourArea(cv2.convexHull(np.concatenate(outlines)))
    return float(sum(cv2.contourArea(one) for one in outlines) / hull) if hull > 0 else 0.0


def _morph(mask: BoolMap, operation: int, radius_px: int) -> BoolMap:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    wide = np.pad(mask.astype(np.uint8), 2 * radius_px)
    inside = slice(2 * radius_px, -2 * radius_px)
    return np.asarray(cv2.morphologyEx(wide, operation, disc)[inside, inside] > 0)
