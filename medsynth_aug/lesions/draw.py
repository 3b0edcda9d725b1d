"""Draw first: every choice of chance for one lesion is made here, into one record that is applied later."""

from dataclasses import dataclass

import numpy as np

from medsynth_aug.lesions.fields import depth_px
from medsynth_aug.lesions.lesion import Lesion
from medsynth_aug.lesions.priors import prior_function
from medsynth_aug.lesions.scene import Scene, Site, site_of_mask, window_of
from medsynth_aug.types import BoolMap, Grey

FEATHER_MM = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What was drawn for one lesion.

    Args:
        mask: `(H, W)` bool, the lesion's truth; all False for a sham.
        edit_region: `(H, W)` bool, contains the mask: the only pixels that may differ.
        weight: `(H, W)` float32 blend weight in [0, 1], 0 outside the edit region.
        composite: `(H, W)` float32, the grey image with the lesion prior in it, before denoising.
        site: Where it was placed.
        size_mm: The extent that was drawn.
    """

    mask: BoolMap
    edit_region: BoolMap
    weight: Grey
    composite: Grey
    site: Site
    size_mm: float


@dataclass(frozen=True, slots=True)
class NoPlace:
    """Why this lesion cannot be drawn here."""

    reason: str


def draw(
    lesion: Lesion,
    scene: Scene,
    rng: np.random.Generator,
    *,
    mask: BoolMap | None = None,
    sham: bool = False,
) -> Drawing | NoPlace:
    """Draw place, size, outline and intensity of a lesion.

    Args:
        lesion: A resolved lesion.
        scene: The image with its anatomy.
        rng: Source of all chance.
        mask: The user's own mask, which wins over placement and shape.
        sham: Draw the same region, but leave the tissue in it healthy.
    """
    size_mm = float(rng.uniform(*lesion.size_mm))
    if mask is None:
        placed = prior_function("placement", lesion.placement)(scene, rng, **lesion.placement.parameters)
        if placed is None:
            return NoPlace(f"no place for {lesion.name} was found in this anatomy")
        site: Site = placed
        shape = prior_function("shape", lesion.shape)
        drawn: BoolMap = shape(scene, site, size_mm, rng, **lesion.shape.parameters) & ~scene.keep
    else:
        drawn = mask & ~scene.keep
        site = site_of_mask(scene, drawn) if drawn.any() else Site("both", 0.0, 0.0)
    if not drawn.any():
        return NoPlace(f"the mask drawn for {lesion.name} is empty here, or the keep-mask covers it")
    region = grow(drawn, scene.pixels(lesion.margin_mm)) & ~scene.keep
    weight = feather(region, drawn, scene.pixels(FEATHER_MM))
    if sham:
        return Drawing(np.zeros_like(drawn), region, weight, scene.grey.copy(), site, size_mm)
    intensity = prior_function("intensity", lesion.intensity)
    composite = intensity(scene, site, drawn, rng, **lesion.intensity.parameters).astype(np.float32)
    composite = np.where(region, np.clip(composite, 0, 1), scene.grey).astype(np.float32)
    return Drawing(drawn, region, weight, composite, site, size_mm)


def grow(mask: BoolMap, radius_px: float) -> BoolMap:
    """All pixels within `radius_px` of the mask."""
    if radius_px < 0.5:
        return mask.copy()
    grown = mask.copy()
    if mask.any():
        window = window_of(mask, radius_px)
        grown[window] = depth_px(~mask[window]) <= radius_px
    return grown


def feather(region: BoolMap, mask: BoolMap, width_px: float) -> Grey:
    """Blend weight: 0 outside `region`, rising smoothly inside it over at most `width_px`, 1 well inside.

    The image's border does not count as the region's: there is nothing to blend with beyond it.
    """
    depth = depth_px(np.pad(region, 1, mode="edge"))[1:-1, 1:-1]
    share = np.clip(depth / (max(width_px, 1.0) + 1.0), 0, 1)
    return np.where(region, share * share * (3 - 2 * share), 0).astype(np.float32)
