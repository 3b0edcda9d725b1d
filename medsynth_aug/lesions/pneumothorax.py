"""Pneumothorax: a lucent crescent along the chest wall, a thin pleural line, no vessels beyond it."""

import numpy as np

from medsynth_aug.anatomy.pieces import solidity
from medsynth_aug.lesions.exposure import exposure_of
from medsynth_aug.lesions.fields import blur, depth_px, distance_to_edge, random_field, smoothstep
from medsynth_aug.lesions.priors import register_prior
from medsynth_aug.lesions.scene import Scene, Side, Site, pasted, window_of
from medsynth_aug.lesions.vessels import vessels_of
from medsynth_aug.types import BoolMap, Grey


@register_prior("placement", "one_lung", version=2)
def place_in_one_lung(
    scene: Scene,
    rng: np.random.Generator,
    *,
    right_share: float = 0.5,
    least_height_mm: float = 60.0,
    least_solidity: float = 0.84,
) -> Site | None:
    """The centre of one lung field that can be traced; the other side where only one can.

    Args:
        scene: The image with its anatomy.
        rng: Source of chance.
        right_share: Probability of the patient's right side where both can be chosen.
        least_height_mm: Lung fields lower than this are no place.
        least_solidity: Nor are those that fill less of their convex hull: what follows the chest wall or the
            diaphragm would follow a segmenter's mistake.
    """
    sides: tuple[Side, Side] = ("right", "left")
    first = 0 if rng.random() < right_share else 1
    for side in (sides[first], sides[1 - first]):
        lung = scene.lung(side)
        rows, columns = np.nonzero(lung & ~scene.keep)
        tall = len(rows) and np.ptp(rows) + 1 >= scene.pixels(least_height_mm)
        if tall and solidity(lung) >= least_solidity:
            return Site(side, float(rows.mean()), float(columns.mean()))
    return None


@register_prior("placement", "one_lung")
def place_in_any_one_lung(
    scene: Scene, rng: np.random.Generator, *, right_share: float = 0.5, least_height_mm: float = 60.0
) -> Site | None:
    """As version 2, however ragged the lung field: what requests of version 1 mean.

    Args:
        scene: The image with its anatomy.
        rng: Source of chance.
        right_share: Probability of the patient's right side where both can be chosen.
        least_height_mm: Lung fields lower than this are no place.
    """
    return place_in_one_lung(
        scene, rng, right_share=right_share, least_height_mm=least_height_mm, least_solidity=0.0
    )


@register_prior("shape", "apicolateral_crescent")
def apicolateral_crescent(
    scene: Scene,
    site: Site,
    size_mm: float,
    rng: np.random.Generator,
    *,
    extent: tuple[float, float] = (0.3, 0.95),
    extent_at_mm: float = 40.0,
    waver: float = 0.08,
) -> BoolMap:
    """The pleural space between chest wall and collapsed lung, `size_mm` wide at the apex.

    In the upright patient air rises: the space tapers downwards and reaches the further down the lateral
    wall the larger it is.

    Args:
        scene: The image with its anatomy.
        site: Which lung.
        size_mm: Distance between chest wall and pleural line at the apex.
        rng: Source of chance.
        extent: Share of the lung's height that the smallest and the largest space takes.
        extent_at_mm: Size at which the space reaches its full extent.
        waver: Spread of the width along the wall, as a share.
    """
    side: Side = "left" if site.side == "left" else "right"
    lung = scene.lung(side)
    window = window_of(lung, 1)
    inside = lung[window] if side == "right" else lung[window][:, ::-1]
    height = inside.shape[0]
    grown = float(np.clip(size_mm / extent_at_mm, 0, 1))
    end = np.clip(extent[0] + (extent[1] - extent[0]) * grown + rng.uniform(-0.1, 0.1), 0.2, 1.0)
    along = np.clip(np.arange(height) / max(1.0, end * height), 0, 1)[:, None]
    taper = np.sqrt(1 - along**2) * (1 - 0.45 * along)
    wavering = 1 + waver * random_field(inside.shape, scene.pixels(60), rng)
    width_px = (
        scene.pixels(size_mm) * taper * np.where(along < 0.15, 1 + (wavering - 1) * along / 0.15, wavering)
    )
    space = inside & (_wall_distance(inside, scene.pixels(4)) <= width_px) & (along < 1)
    mask = np.zeros(scene.shape, bool)
    mask[window] = space if side == "right" else space[:, ::-1]
    return mask


def _wall_distance(lung: BoolMap, smoothing_px: float) -> Grey:
    """Distance in pixels to the chest wall above and lateral of a lung whose lateral side is at column 0."""
    padded = np.pad(lung, ((1, 0), (1, 0)))
    rows = np.arange(padded.shape[0])[:, None]
    columns = np.arange(padded.shape[1])[None, :]
    present = np.asarray(padded.any(axis=1))
    top = int(np.argmax(present))
    apex = float(np.nonzero(padded[top])[0].mean())
    wall = (rows < top) | (present[:, None] & (columns < np.argmax(padded, axis=1)[:, None]))
    wall |= (
        np.asarray(padded.any(axis=0))[None, :]
        & (rows < np.argmax(padded, axis=0)[None, :])
        & (columns <= apex)
    )
    distance = depth_px(np.logical_not(wall))[1:, 1:]
    smooth = np.minimum(blur(distance, smoothing_px), distance + smoothing_px)
    return np.where(lung, smooth, 0).astype(np.float32)


@register_prior("intensity", "pleural_air")
def pleural_air(
    scene: Scene,
    site: Site,
    mask: BoolMap,
    rng: np.random.Generator,
    *,
    lucency: tuple[float, float] = (0.06, 0.16),
    vessels_left: float = 0.05,
    line: tuple[float, float] = (0.14, 0.26),
    line_mm: float = 0.9,
) -> Grey:
    """Removes vessels, darkens the space and draws the visceral pleura as a thin line; ribs stay.

    Args:
        scene: The image with its anatomy.
        site: Which side.
        mask: `(H, W)` the air.
        rng: Source of chance.
        lucency: Range of the fall in grey, as a share of the exposure span.
        vessels_left: Share of the vessels' contrast that is left.
        line: Range of the pleural line's contrast, as a share of the exposure span.
        line_mm: Width of the line; on coarse grids one pixel.
    """
    window = window_of(mask, scene.pixels(12))
    near, air = scene.crop(window), mask[window]
    exposure = exposure_of(scene)
    span = exposure.span
    domain = (near.lung("both") | air) & ~near.keep
    sigma_px = max(1.2, scene.pixels(1.6))
    distance = distance_to_edge(air, domain, sigma_px)
    beyond = smoothstep(0.5 + distance / (2 * max(1.0, scene.pixels(1)))) * domain
    half_px = max(0.55, 0.5 * scene.pixels(line_mm))
    pleura = np.exp(-0.5 * (distance / half_px) ** 2) * (np.abs(distance) < 2.5 * sigma_px) * domain
    fading = np.clip(1 + 0.25 * random_field(air.shape, scene.pixels(35), rng), 0.4, 1.4)
    off_wall = smoothstep(depth_px(domain) / scene.pixels(6))
    vessels = (1 - vessels_left) * np.minimum(vessels_of(near), 0.3 * span)
    grey = near.grey - beyond * off_wall * (vessels + float(rng.uniform(*lucency)) * span)
    seen = np.clip(0.35 + (exposure.soft - blur(near.grey, scene.pixels(3))) / span, 0.35, 1)
    grey = grey + float(rng.uniform(*line)) * span * pleura * fading * seen
    return pasted(scene, window, grey.astype(np.float32))
