"""Pleural effusion: fluid from a blunted costophrenic angle up to a meniscus that rises along the wall."""

import numpy as np

from medsynth_aug.lesions.exposure import exposure_of
from medsynth_aug.lesions.fields import blur, depth_px, distance_to_edge, random_field, smoothstep
from medsynth_aug.lesions.priors import register_prior
from medsynth_aug.lesions.scene import Scene, Side, Site, pasted, window_of
from medsynth_aug.types import BoolMap, Grey

OUTSIDE_MM = 8.0
"""How far past the lung field's border the fluid also hides the outline of diaphragm and chest wall."""


@register_prior("shape", "meniscus")
def meniscus(
    scene: Scene,
    site: Site,
    size_mm: float,
    rng: np.random.Generator,
    *,
    medial_level: tuple[float, float] = (0.35, 0.65),
    steepness: tuple[float, float] = (2.0, 3.5),
) -> BoolMap:
    """The lung field below a surface that is concave upwards and highest at the lateral chest wall.

    Args:
        scene: The image with its anatomy.
        site: Which lung.
        size_mm: Height of the surface at the lateral wall above the costophrenic angle.
        rng: Source of chance.
        medial_level: Range of the medial height as a share of the lateral one.
        steepness: Range of the exponent with which the surface rises laterally.
    """
    side: Side = "left" if site.side == "left" else "right"
    lung = scene.lung(side)
    window = window_of(lung, 0)
    inside = lung[window] if side == "right" else lung[window][:, ::-1]
    lateral = inside[:, : max(1, inside.shape[1] // 2)]
    angle_row = int(np.nonzero(lateral.any(axis=1))[0].max()) if lateral.any() else inside.shape[0] - 1
    height_px = size_mm / scene.spacing.row_mm
    first = int(np.nonzero(inside[max(0, int(angle_row - height_px)) : angle_row + 1].any(axis=0))[0][0])
    across = np.clip((inside.shape[1] - np.arange(inside.shape[1])) / max(1, inside.shape[1] - first), 0, 1)
    medial, power = float(rng.uniform(*medial_level)), float(rng.uniform(*steepness))
    level_px = height_px * (medial + (1 - medial) * across**power)
    fluid = inside & (np.arange(inside.shape[0])[:, None] > (angle_row - level_px)[None, :])
    mask = np.zeros(scene.shape, bool)
    mask[window] = fluid if side == "right" else fluid[:, ::-1]
    return mask


@register_prior("intensity", "pleural_fluid")
def pleural_fluid(
    scene: Scene,
    site: Site,
    mask: BoolMap,
    rng: np.random.Generator,
    *,
    density: tuple[float, float] = (0.8, 0.93),
    density_at_surface: float = 0.3,
    layer_mm: tuple[float, float] = (9.0, 18.0),
    edge_mm: float = 2.5,
) -> Grey:
    """Veils the lung towards the grey of the soft tissue beside and below it, the more the deeper.

    The layer of fluid that the ray crosses thins out towards the meniscus, so its upper edge is soft. Past
    the lung field only what is darker than fluid is filled; ribs and the abdomen stay as they are.

    Args:
        scene: The image with its anatomy.
        site: Which side.
        mask: `(H, W)` the fluid.
        rng: Source of chance.
        density: Range of the share of contrast that is lost well below the surface.
        density_at_surface: That share at the surface.
        layer_mm: Range of the depth over which the layer grows to its full thickness.
        edge_mm: Softness of the upper edge.
    """
    window = window_of(mask, scene.pixels(30))
    near, fluid = scene.crop(window), mask[window]
    domain = near.lung("both") | fluid
    aerated = domain & ~fluid
    below_mm = depth_px(~aerated) * scene.spacing.mean_mm if aerated.any() else np.full(fluid.shape, 1e3)
    thick = 1 - np.exp(-below_mm / float(rng.uniform(*layer_mm)))
    full = float(rng.uniform(*density))
    edge_px = max(1.0, scene.pixels(edge_mm))
    surface = smoothstep(0.5 + distance_to_edge(fluid, domain, edge_px) / (3 * edge_px))
    outside = np.clip(1 - depth_px(~fluid) / max(1.0, scene.pixels(OUTSIDE_MM)), 0, 1)
    reach = np.where(domain, surface, outside * smoothstep(below_mm / 12 - 0.3))
    veil = (density_at_surface + (full - density_at_surface) * thick) * reach
    span = exposure_of(scene).span
    uneven = 0.02 * span * random_field(fluid.shape, scene.pixels(30), rng)
    lift = _fluid_grey(near, domain) + uneven - near.grey
    lift = np.where(lift > 0, lift, np.where(domain, 0.55 * lift, 0))
    return pasted(scene, window, (near.grey + veil * lift).astype(np.float32))


def _fluid_grey(scene: Scene, domain: BoolMap) -> Grey:
    """Grey of the nearby soft tissue, carried smoothly into the lung field."""
    exposure = exposure_of(scene)
    dense = (~domain & (scene.grey > exposure.air + 0.4 * exposure.span)).astype(np.float32)
    values = np.zeros_like(scene.grey)
    weight = np.zeros_like(scene.grey)
    for sigma_mm, trust in ((8.0, 1.0), (25.0, 0.02)):
        values += trust * blur(dense * scene.grey, scene.pixels(sigma_mm))
        weight += trust * blur(dense, scene.pixels(sigma_mm))
    known = values / np.maximum(weight, 1e-6)
    return np.where(weight > 1e-4, known, exposure.soft).astype(np.float32)
