"""Where a finding lies and how large it is, in the baseline and, the same finding, at the follow-up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from medsynth_aug.corpus.drawing import SEVERITIES, DrawnFinding
from medsynth_aug.lesions.lesion import Lesion
from medsynth_aug.lesions.priors import prior_function
from medsynth_aug.lesions.scene import Scene, Side, Site
from medsynth_aug.synthesis.digest import seed_of
from medsynth_aug.types import BoolMap

TRIES = 60
"""Draws of a place until one lies on the wanted side."""

LEAST_PX = 5.0
"""Nothing smaller is painted: its label would stand without a sign that anybody can see."""

LEAST_LEFT = 0.5
"""Share of a finding that must be left beside the earlier ones; with less, it would be another finding."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A finding with its place.

    Args:
        side: The patient's side.
        sizes_mm: By visit.
        masks: `(H, W)` bool by visit, each on the lungs of its visit.
    """

    side: Side
    sizes_mm: tuple[float, ...]
    masks: tuple[BoolMap, ...]


def place_finding(
    finding: DrawnFinding, lesion: Lesion, scene: Scene, depths: tuple[float, ...], keeps: Sequence[BoolMap],
    chance: str,
) -> Placed | None:  # fmt: skip
    """The masks of a finding at every visit, or None where the lungs have no place for it.

    Place and outline are drawn once, in the baseline, by the lesion's own priors; at another visit the same
    outline is drawn at its size there, and follows the lungs as they breathe. What was placed before is left
    free at every visit.

    Args:
        finding: What was drawn of it.
        lesion: Resolved.
        scene: The baseline's image and lungs.
        depths: Depth of breath of each visit.
        keeps: `(H, W)` bool by visit, what was placed before.
        chance: What the draws are seeded by.
    """
    scene = replace(scene, keep=keeps[0])
    site = _site(finding, lesion, scene, chance)
    if site is None:
        return None
    shape = prior_function("shape", lesion.shape)
    sizes, masks = [], []
    for severity, depth, keep in zip(finding.severities, depths, keeps, strict=True):
        size = max(
            size_of(lesion, SEVERITIES.index(severity), finding.share), LEAST_PX * scene.spacing.mean_mm
        )
        rng = np.random.default_rng(seed_of(chance, "outline"))
        drawn = shape(scene, site, size, rng, **lesion.shape.parameters)
        whole = _breathed(drawn, scene.right_lung | scene.left_lung, depth)
        mask = whole & ~keep
        if not mask.any() or mask.sum() < LEAST_LEFT * whole.sum():
            return None
        sizes.append(round(size, 2))
        masks.append(mask)
    return Placed(site.side, tuple(sizes), tuple(masks))


def size_of(lesion: Lesion, third: int, share: float) -> float:
    """A size in one third of a lesion's range, in millimetres.

    Args:
        lesion: Whose range.
        third: 0, 1 or 2.
        share: Where in the third, in [0, 1].
    """
    low, high = lesion.size_mm
    return low + (high - low) * (third + share) / 3


def _site(finding: DrawnFinding, lesion: Lesion, scene: Scene, chance: str) -> Site | None:
    place = prior_function("placement", lesion.placement)
    for number in range(TRIES):
        rng = np.random.default_rng(seed_of(chance, f"place/{number}"))
        site: Site | None = place(scene, rng, **lesion.placement.parameters)
        if site is not None and site.side in (finding.side, "both"):
            return site
    return None


def _breathed(mask: BoolMap, lungs: BoolMap, depth: float) -> BoolMap:
    """The mask moved as `LungShape.inspired` moves the lungs: stretched downwards from their top."""
    if depth == 1:
        return mask
    top = float(np.nonzero(lungs.any(1))[0][0])
    matrix = np.array([[1, 0, 0], [0, depth, top * (1 - depth)]], np.float64)
    moved = cv2.warpAffine(mask.astype(np.uint8), matrix, mask.shape[::-1], flags=cv2.INTER_NEAREST)
    return np.asarray(moved > 0)
