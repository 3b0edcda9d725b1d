"""Air-space and interstitial opacities: bacterial and viral consolidation. They veil, they do not erase."""

import cv2
import numpy as np

from medsynth_aug.lesions.exposure import aerated, exposure_of
from medsynth_aug.lesions.fields import blur, depth_px, random_field, share_in_domain, smoothstep
from medsynth_aug.lesions.priors import register_prior
from medsynth_aug.lesions.scene import Scene, Side, Site, pasted, window_of
from medsynth_aug.types import BoolMap, Grey


@register_prior("placement", "lobe")
def place_in_lobe(
    scene: Scene,
    rng: np.random.Generator,
    *,
    zones: tuple[float, float, float] = (0.25, 0.3, 0.45),
    clearance_mm: float = 16.0,
) -> Site | None:
    """A point well inside visible lung, in the upper, middle or lower third of a lung field.

    Args:
        scene: The image with its anatomy.
        rng: Source of chance.
        zones: Weights of the upper, middle and lower zone.
        clearance_mm: Distance from the lung's border, less where the lung is too narrow for it.
    """
    side: Side = "right" if rng.random() < 0.5 else "left"
    if not scene.lung(side).any():
        side = "left" if side == "right" else "right"
    zone = int(rng.choice(3, p=np.array(zones) / sum(zones)))
    visible = aerated(scene, side) & ~scene.keep
    if not visible.any():
        return None
    depth = depth_px(scene.lung(side))
    deepest = float(depth[visible].max())
    rows, columns = np.nonzero(visible & (depth >= min(scene.pixels(clearance_mm), 0.6 * deepest)))
    top, bottom = int(rows.min()), int(rows.max()) + 1
    third = (bottom - top) / 3
    inside = np.nonzero((rows >= top + zone * third) & (rows <= top + (zone + 1) * third))[0]
    index = int(rng.choice(inside)) if len(inside) else int(rng.integers(len(rows)))
    return Site(side, int(rows[index]), int(columns[index]), details={"zone": float(zone)})


@register_prior("placement", "both_lungs")
def place_in_both_lungs(scene: Scene, rng: np.random.Generator) -> Site | None:
    """The middle of all lung fields that are seen."""
    rows, columns = np.nonzero(scene.lung("both") & ~scene.keep)
    if not len(rows):
        return None
    both = scene.right_lung.any() and scene.left_lung.any()
    side: Side = "both" if both else ("right" if scene.right_lung.any() else "left")
    return Site(side, float(rows.mean()), float(columns.mean()))


@register_prior("shape", "patch")
def patch(
    scene: Scene,
    site: Site,
    size_mm: float,
    rng: np.random.Generator,
    *,
    irregularity: float = 0.38,
) -> BoolMap:
    """A region of one lung with an irregular outline, about `size_mm` across, cut at the lung's border."""
    rows, columns = np.ogrid[: scene.shape[0], : scene.shape[1]]
    dy = (rows - site.row) * scene.spacing.row_mm
    dx = (columns - site.column) * scene.spacing.column_mm
    ratio = np.sqrt(rng.uniform(0.75, 1.5))
    rough = random_field(scene.shape, scene.pixels(0.45 * size_mm), rng)
    outline = np.hypot(dx / ratio, dy * ratio) < 0.5 * size_mm * np.clip(1 + irregularity * rough, 0.4, 1.6)
    region: BoolMap = (outline & scene.lung(site.side)).astype(bool)
    count, labels = cv2.connectedComponents(region.astype(np.uint8))
    if count <= 2:
        return region
    return np.asarray(labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:])))


@register_prior("shape", "affected_lung")
def affected_lung(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    """What of the lung fields lies within `size_mm` of their hila: the truth of a diffuse finding."""
    affected = np.zeros(scene.shape, bool)
    for lung in (scene.right_lung, scene.left_lung):
        if not lung.any():
            continue
        row, column = _hilum(scene, lung)
        rows, columns = np.ogrid[: scene.shape[0], : scene.shape[1]]
        distance = np.hypot((rows - row) * scene.spacing.row_mm, (columns - column) * scene.spacing.column_mm)
        affected |= lung & (distance < size_mm)
    return affected


@register_prior("intensity", "air_space")
def air_space(
    scene: Scene,
    site: Site,
    mask: BoolMap,
    rng: np.random.Generator,
    *,
    density: tuple[float, float] = (0.4, 0.65),
    border_mm: tuple[float, float] = (5.0, 10.0),
    bronchograms: tuple[int, int] = (0, 3),
) -> Grey:
    """Veils the lung towards soft tissue, patchily and with soft borders, confined to the lung field.

    Args:
        scene: The image with its anatomy.
        site: Where it lies.
        mask: `(H, W)` the consolidated lung.
        rng: Source of chance.
        density: Range of the share of contrast that is lost in the densest part.
        border_mm: Range of the softness of its border.
        bronchograms: Fewest and most air-filled bronchi that show as faint dark branches.
    """
    border_px = max(1.0, scene.pixels(float(rng.uniform(*border_mm))))
    window = window_of(mask, 3 * border_px)
    near, body = scene.crop(window), mask[window]
    lung = near.lung("both") | body
    patchy = 0.85 + 0.16 * random_field(body.shape, scene.pixels(26), rng)
    patchy += 0.08 * random_field(body.shape, scene.pixels(9), rng)
    veil = float(rng.uniform(*density)) * np.clip(patchy, 0.25, 1.2)
    veil *= smoothstep(1.25 * share_in_domain(body, lung, border_px) - 0.1)
    veil *= smoothstep(0.3 + depth_px(lung) / max(1.0, scene.pixels(5)))
    veil *= smoothstep(2 * blur(lung.astype(np.float32), scene.pixels(1.5)) - 0.5)
    count = int(rng.integers(bronchograms[0], bronchograms[1] + 1))
    veil *= 1 - 0.25 * _bronchi(near, body, (site.side, _hilum_in(scene, site, window)), count, rng)
    return pasted(scene, window, _veiled(near, veil, exposure_of(scene).soft))


@register_prior("intensity", "interstitial")
def interstitial(
    scene: Scene,
    site: Site,
    mask: BoolMap,
    rng: np.random.Generator,
    *,
    density: tuple[float, float] = (0.2, 0.4),
    thickening: tuple[float, float] = (0.4, 0.9),
    reticulation: float = 0.035,
) -> Grey:
    """A patchy haze, thicker bronchovascular markings and a faint net, all stronger towards the hila.

    Args:
        scene: The image with its anatomy.
        site: Which lungs.
        mask: `(H, W)` the affected lung.
        rng: Source of chance.
        density: Range of the share of contrast that the haze takes.
        thickening: Range of the gain of markings of 2 to 6 mm, blurred as oedema blurs them.
        reticulation: Contrast of the net, as a share of the exposure span.
    """
    window = window_of(mask, scene.pixels(8))
    near, body = scene.crop(window), mask[window]
    lung = near.lung("both") | body
    span = exposure_of(scene).span
    envelope = smoothstep(1.6 * share_in_domain(body, lung, scene.pixels(6)) - 0.4)
    envelope *= smoothstep(depth_px(lung) / max(1.0, scene.pixels(12)))
    patches = np.clip(0.7 + 0.45 * random_field(body.shape, scene.pixels(40), rng), 0.1, 1.6)
    patches += 0.2 * random_field(body.shape, scene.pixels(14), rng)
    veil = float(rng.uniform(*density)) * np.clip(patches, 0, 1.6) * envelope
    markings = blur(near.grey, scene.pixels(1.6)) - blur(near.grey, scene.pixels(5))
    gain = float(rng.uniform(*thickening)) * np.clip(patches, 0.3, 1.4)
    net = 0.6 - np.abs(random_field(body.shape, scene.pixels(5), rng))
    grey = _veiled(near, veil, exposure_of(scene).soft)
    added = gain * np.clip(markings, 0, 0.12 * span) + reticulation * span * np.clip(net, -0.5, 0.6) * patches
    return pasted(scene, window, (grey + envelope * added).astype(np.float32))


def _veiled(scene: Scene, veil: Grey, soft: float) -> Grey:
    """The grey image with a share of its contrast against soft tissue lost; what is brighter stays."""
    lift = np.maximum(soft - scene.grey, 0)
    return (scene.grey + veil * lift).astype(np.float32)


def _hilum(scene: Scene, lung: BoolMap) -> tuple[float, float]:
    """Row and column near the root of a lung: its medial border, a little above the middle."""
    rows, columns = np.nonzero(lung)
    row = float(rows.min() + 0.48 * np.ptp(rows))
    medial_right = lung is scene.right_lung or columns.mean() < scene.shape[1] / 2
    inner = columns.max() if medial_right else columns.min()
    return row, float(0.7 * inner + 0.3 * columns.mean())


def _hilum_in(scene: Scene, site: Site, window: tuple[slice, slice]) -> tuple[float, float] | None:
    lung = scene.lung(site.side)
    if site.side == "both" or not lung.any():
        return None
    row, column = _hilum(scene, lung)
    return row - window[0].start, column - window[1].start


def _bronchi(
    scene: Scene,
    mask: BoolMap,
    root: tuple[Side, tuple[float, float] | None],
    count: int,
    rng: np.random.Generator,
) -> Grey:
    """Branches of 2 to 3 mm that run from the hilum through the consolidated lung, 1 on their axis."""
    canvas = np.zeros(mask.shape, np.float32)
    hilum = root[1]
    if hilum is None or not count:
        return canvas
    rows, columns = np.nonzero(mask)
    for _ in range(count):
        pick = int(rng.integers(len(rows)))
        start, end = np.array([hilum[1], hilum[0]]), np.array([columns[pick], rows[pick]], float)
        steps = np.linspace(0, 1.15, 16)[:, None]
        normal = np.array([-(end - start)[1], (end - start)[0]])
        points = start + steps * (end - start) + 0.15 * rng.normal() * normal * np.sin(np.pi * steps)
        width = max(1, round(scene.pixels(float(rng.uniform(1.2, 2.2)))))
        cv2.polylines(canvas, [np.round(points * 16).astype(np.int32)], False, 1.0, width, cv2.LINE_8, 4)
    return blur(canvas, max(0.6, scene.pixels(0.9))) * blur(mask.astype(np.float32), scene.pixels(3))
