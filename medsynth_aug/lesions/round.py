"""Round lesions in the lung (nodule, mass): placement, lobulated outline, softness of the edge, spicules."""

import cv2
import numpy as np

from medsynth_aug.lesions.exposure import aerated, exposure_of
from medsynth_aug.lesions.fields import blur, depth_px
from medsynth_aug.lesions.priors import register_prior
from medsynth_aug.lesions.scene import Scene, Side, Site, pasted, window_of
from medsynth_aug.types import BoolMap, Grey


@register_prior("placement", "in_lung")
def place_in_lung(scene: Scene, rng: np.random.Generator, *, clearance_mm: float = 8.0) -> Site | None:
    """A point in visible lung, at least `clearance_mm` from its border; either lung by its area.

    Where the lung is too narrow for that, the clearance is halved, twice at most. Visible means not behind
    the heart or below the diaphragm's dome: a lesion there would be a label without a sign.
    """
    visible = aerated(scene, "right") | aerated(scene, "left")
    depth = depth_px(visible)
    for share in (1.0, 0.5, 0.25):
        rows, columns = np.nonzero((depth > scene.pixels(clearance_mm * share)) & ~scene.keep)
        if len(rows):
            index = int(rng.integers(len(rows)))
            row, column = int(rows[index]), int(columns[index])
            side: Side = "right" if scene.right_lung[row, column] else "left"
            return Site(side, row, column)
    return None


@register_prior("shape", "lobulated")
def lobulated(
    scene: Scene,
    site: Site,
    size_mm: float,
    rng: np.random.Generator,
    *,
    lobulation: tuple[float, float] = (0.0, 0.12),
    elongation: tuple[float, float] = (1.0, 1.25),
    inside_lung: bool = True,
) -> BoolMap:
    """A disc of `size_mm` mean diameter, slightly oval, whose radius wavers by a few low harmonics.

    Args:
        scene: The image with its anatomy.
        site: Its centre.
        size_mm: Mean diameter.
        rng: Source of chance.
        lobulation: Range of the waver's standard deviation as a share of the radius.
        elongation: Range of long over short axis.
        inside_lung: Cut the outline at the border of the lung field.
    """
    rows, columns = np.ogrid[: scene.shape[0], : scene.shape[1]]
    dy = (rows - site.row) * scene.spacing.row_mm
    dx = (columns - site.column) * scene.spacing.column_mm
    turn, ratio = rng.uniform(0, np.pi), np.sqrt(rng.uniform(*elongation))
    along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
    spread, waver = float(rng.uniform(*lobulation)), np.ones(scene.shape, np.float32)
    angle = np.arctan2(dy, dx).astype(np.float32)
    for harmonic in range(2, 6):
        amplitude = np.clip(rng.normal(0, 1), -2, 2) * spread / harmonic * 1.6
        waver += np.float32(amplitude) * np.cos(harmonic * angle + np.float32(rng.uniform(0, 2 * np.pi)))
    radius = np.hypot(along / ratio, across * ratio)
    outline: BoolMap = radius <= np.maximum(0.5 * size_mm * waver, 0.75 * scene.spacing.mean_mm)
    return outline & scene.lung(site.side) if inside_lung else outline


@register_prior("intensity", "soft_tissue")
def soft_tissue(
    scene: Scene,
    site: Site,
    mask: BoolMap,
    rng: np.random.Generator,
    *,
    contrast: tuple[float, float] = (0.26, 0.48),
    contrast_at_mm: float = 15.0,
    edge_mm: tuple[float, float] = (0.6, 1.8),
    mottle: float = 0.12,
    spicules: tuple[int, int] = (0, 0),
    spicule_mm: float = 9.0,
) -> Grey:
    """Adds the projection of a solid body: the chord through it, so it fades towards its edge.

    Attenuation adds up along the ray, so ribs and vessels stay visible through it; over dense structures the
    rise is smaller, as the display curve of a radiograph flattens there.

    Args:
        scene: The image with its anatomy.
        site: Where it lies.
        mask: `(H, W)` its outline.
        rng: Source of chance.
        contrast: Brightest rise as a share of the exposure span, for a body of `contrast_at_mm`.
        contrast_at_mm: Smaller bodies are fainter and larger ones denser, by the root of their size.
        edge_mm: Range of the blur at the edge; larger is an ill-defined lesion.
        mottle: Unevenness of the density, as a share.
        spicules: Fewest and most strands that run out into the lung.
        spicule_mm: Their typical length; the edit region's margin should exceed it.
    """
    window = window_of(mask, scene.pixels(2.0 + (2 * spicule_mm if spicules[1] else 3 * edge_mm[1])))
    near, body = scene.crop(window), mask[window]
    edge_px = max(0.6, scene.pixels(float(rng.uniform(*edge_mm))))
    diameter_mm = 2 * np.sqrt(body.sum() / np.pi) * scene.spacing.mean_mm
    rise = float(rng.uniform(*contrast)) * float(np.clip(np.sqrt(diameter_mm / contrast_at_mm), 0.75, 1.5))
    grain = 1 + mottle * cv2.resize(
        blur(rng.standard_normal((8, 8)).astype(np.float32), 0.8),
        body.shape[::-1],
        interpolation=cv2.INTER_CUBIC,
    )
    density = blur(_chord(body), edge_px) * grain
    if spicules[1]:
        count = int(rng.integers(spicules[0], spicules[1] + 1))
        density = np.maximum(density, 0.75 * _strands(near, body, count, spicule_mm, rng))
    exposure = exposure_of(scene)
    room = (exposure.soft + 0.25 * exposure.span - blur(near.grey, scene.pixels(3))) / (0.5 * exposure.span)
    return pasted(
        scene, window, near.grey + np.float32(rise * exposure.span) * density * np.clip(room, 0.35, 1)
    )


def _chord(mask: BoolMap) -> Grey:
    """Length of the ray inside a body of this outline that is as thick as it is wide, 1 at the most."""
    depth = depth_px(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    share = np.clip(depth / max(float(depth.max()), 1e-6), 0, 1)
    return np.sqrt(np.clip(1 - (1 - share) ** 2, 0, 1)).astype(np.float32)


def _strands(scene: Scene, mask: BoolMap, count: int, length_mm: float, rng: np.random.Generator) -> Grey:
    """Thin strands from the centre outwards past the mask's edge, fading with distance from it."""
    rows, columns = np.nonzero(mask)
    centre = np.array([columns.mean(), rows.mean()])
    reach = np.sqrt(mask.sum() / np.pi)
    canvas = np.zeros(mask.shape, np.float32)
    for turn in np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.normal(0, 0.15, count):
        length = reach * 0.85 + scene.pixels(length_mm) * rng.uniform(0.5, 1.4)
        steps = np.linspace(0.6 * reach, length, 12)
        bend = turn + rng.normal(0, 0.15) * np.linspace(0, 1, 12) ** 2
        points = centre + steps[:, None] * np.stack([np.cos(bend), np.sin(bend)], axis=1)
        cv2.polylines(
            canvas,
            [np.round(points * 16).astype(np.int32)],
            False,
            float(rng.uniform(0.5, 1)),
            1,
            cv2.LINE_8,
            4,
        )
    outside = depth_px(~mask) / scene.pixels(length_mm)
    return blur(canvas, max(0.6, scene.pixels(0.7))) * np.exp(-outside).astype(np.float32)
