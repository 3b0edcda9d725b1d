"""Rib fracture, schematic: a cortical step across a thin lucent line. No real case taught its look."""

import cv2
import numpy as np

from medsynth_aug.anatomy.ribs import direction_at, find_ribs
from medsynth_aug.lesions.exposure import exposure_of
from medsynth_aug.lesions.fields import blur, depth_px, random_field, smoothstep
from medsynth_aug.lesions.priors import register_prior
from medsynth_aug.lesions.scene import Scene, Side, Site, pasted, window_of
from medsynth_aug.types import BoolMap, Grey

RIB_WIDTH_MM = 10.0
"""Height of an adult rib in projection where it cannot be measured."""


@register_prior("placement", "on_rib")
def place_on_rib(
    scene: Scene, rng: np.random.Generator, *, lateral_mm: float = 45.0, clearance_mm: float = 10.0
) -> Site | None:
    """A point on the centre line of a rib, within `lateral_mm` of the chest wall; clearer ribs first.

    Args:
        scene: The image with its anatomy.
        rng: Source of chance.
        lateral_mm: Ribs break laterally under load; farther from the wall vessels are mistaken for ribs.
        clearance_mm: Distance from the border of the image.
    """
    ribs = find_ribs(scene.grey, scene.lung("both"), scene.spacing)
    if ribs is None:
        return None
    rows, columns = ribs.rows.astype(int), ribs.columns.astype(int)
    far = scene.pixels(clearance_mm)
    good = ~scene.keep[rows, columns] & (_from_wall(scene, rows, columns) < scene.pixels(lateral_mm))
    good &= (rows > far) & (columns > far)
    good &= (rows < scene.shape[0] - far) & (columns < scene.shape[1] - far)
    good &= ribs.strength >= np.percentile(ribs.strength, 40)
    chosen = np.nonzero(good)[0]
    if not len(chosen):
        return None
    index = int(rng.choice(chosen, p=ribs.strength[chosen] / ribs.strength[chosen].sum(dtype=np.float64)))
    row, column, angle = float(ribs.rows[index]), float(ribs.columns[index]), float(ribs.angle_rad[index])
    side: Side = "right" if scene.right_lung[rows[index], columns[index]] else "left"
    offset, width = _cross_section(scene, row, column, angle)
    row, column = row + offset * np.cos(angle), column - offset * np.sin(angle)
    return Site(side, float(row), float(column), angle, {"rib_width_mm": width})


@register_prior("shape", "rib_stretch")
def rib_stretch(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    """A stretch of the rib, `size_mm` long and as high as the rib, with rounded corners."""
    along, across = _rib_axes(scene, site)
    half_width = 0.5 * site.details.get("rib_width_mm", RIB_WIDTH_MM) + 1.0
    outline: BoolMap = (np.abs(along) / (0.5 * size_mm)) ** 4 + (np.abs(across) / half_width) ** 4 <= 1
    return outline


@register_prior("intensity", "cortical_step")
def cortical_step(
    scene: Scene,
    site: Site,
    mask: BoolMap,
    rng: np.random.Generator,
    *,
    step_mm: tuple[float, float] = (1.6, 3.2),
    gap_mm: tuple[float, float] = (0.7, 1.3),
    lucency: tuple[float, float] = (0.14, 0.3),
    reach_mm: float = 11.0,
) -> Grey:
    """Shifts both sides of the rib apart across a slightly oblique line, and darkens that line.

    Where bone is missing the lung behind it is seen, so the line is never darker than the lung beside it.

    Args:
        scene: The image with its anatomy.
        site: Where, and along which direction; a user's mask has none, so the image is asked.
        mask: `(H, W)` the stretch of rib.
        rng: Source of chance.
        step_mm: Range of the offset between both cortices.
        gap_mm: Range of the width of the lucent line.
        lucency: Range of its contrast, as a share of the exposure span.
        reach_mm: How far past the mask the bone bends back into place; at most the edit region's margin.
    """
    if "rib_width_mm" not in site.details:
        angle = direction_at(scene.grey, site.row, site.column, scene.spacing)
        site = Site(site.side, site.row, site.column, angle, {"rib_width_mm": _height_mm(scene, mask, angle)})
    window = window_of(mask, scene.pixels(reach_mm) + 3)
    near, bone = scene.crop(window), mask[window]
    along, across = (axis[window] for axis in _rib_axes(scene, site))
    half_width = 0.5 * site.details["rib_width_mm"]
    along = along + float(rng.normal(0, 0.3)) * across + 0.5 * random_field(bone.shape, near.pixels(4), rng)
    away_mm = depth_px(~bone) * scene.spacing.mean_mm
    window_share = smoothstep(1 - away_mm / reach_mm)
    sides = np.tanh(along / max(0.5, 0.6 * scene.spacing.mean_mm))
    shift_mm = 0.5 * float(rng.uniform(*step_mm)) * rng.choice([-1, 1]) * sides * window_share
    shift_mm = shift_mm * smoothstep(1.8 - 0.8 * np.abs(across) / half_width)
    moved = _sampled_across(near, shift_mm, site.angle_rad)
    gap = max(float(rng.uniform(*gap_mm)), 0.9 * scene.spacing.mean_mm)
    broken = smoothstep((half_width + 0.3 - np.abs(across)) / 1.6)
    line = np.exp(-0.5 * (along / (0.5 * gap)) ** 2) * broken
    dark = float(rng.uniform(*lucency)) * exposure_of(scene).span * line
    rim = np.exp(-0.5 * ((np.abs(along) - 1.6 * gap) / (0.6 * gap)) ** 2) * broken
    lung_grey = np.percentile(near.grey, 12)
    opened = np.maximum(moved - dark, np.minimum(moved, lung_grey))
    return pasted(scene, window, (opened + 0.15 * dark.max() * rim).astype(np.float32))


def _rib_axes(scene: Scene, site: Site) -> tuple[Grey, Grey]:
    """Millimetres along and across the rib, `(H, W)` each."""
    rows, columns = np.ogrid[: scene.shape[0], : scene.shape[1]]
    dy = (rows - site.row) * scene.spacing.row_mm
    dx = (columns - site.column) * scene.spacing.column_mm
    cos, sin = np.cos(site.angle_rad), np.sin(site.angle_rad)
    return (dx * cos + dy * sin).astype(np.float32), (dy * cos - dx * sin).astype(np.float32)


def _sampled_across(scene: Scene, shift_mm: Grey, angle_rad: float) -> Grey:
    rows, columns = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
    shift = shift_mm / scene.spacing.mean_mm
    map_x = (columns - shift * np.sin(angle_rad)).astype(np.float32)
    map_y = (rows + shift * np.cos(angle_rad)).astype(np.float32)
    return np.asarray(
        cv2.remap(scene.grey, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _from_wall(scene: Scene, rows: np.ndarray, columns: np.ndarray) -> Grey:
    """Distance in pixels along the row to the lateral border of the lung field."""
    distance = np.full(len(rows), np.inf, np.float32)
    for lung, lateral in ((scene.right_lung, "low"), (scene.left_lung, "high")):
        inside = lung[rows, columns]
        first = (
            np.argmax(lung, axis=1)
            if lateral == "low"
            else lung.shape[1] - 1 - np.argmax(lung[:, ::-1], axis=1)
        )
        distance[inside] = np.abs(columns - first[rows])[inside]
    return distance


def _cross_section(scene: Scene, row: float, column: float, angle_rad: float) -> tuple[float, float]:
    """Offset in pixels of the rib's middle across its line, and its width in millimetres (6 to 14).

    The borders are where grey, averaged along the rib, rises and falls most steeply.
    """
    across_mm = np.arange(-10, 10.01, 0.5)
    along_mm = np.arange(-5, 5.01, 1.0)
    along, across = np.meshgrid(along_mm / scene.spacing.mean_mm, across_mm / scene.spacing.mean_mm)
    map_x = (column + along * np.cos(angle_rad) - across * np.sin(angle_rad)).astype(np.float32)
    map_y = (row + along * np.sin(angle_rad) + across * np.cos(angle_rad)).astype(np.float32)
    profile = cv2.remap(
        blur(scene.grey, 0.7), map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).mean(axis=1)
    slope = np.gradient(profile)
    middle = len(slope) // 2
    upper = int(np.argmax(slope[2 : middle - 3])) + 2
    lower = int(np.argmin(slope[middle + 4 : -2])) + middle + 4
    offset_mm = 0.5 * float(across_mm[upper] + across_mm[lower])
    width_mm = float(np.clip(across_mm[lower] - across_mm[upper], 6, 14))
    return float(np.clip(offset_mm, -3, 3)) / scene.spacing.mean_mm, width_mm


def _height_mm(scene: Scene, mask: BoolMap, angle_rad: float) -> float:
    rows, columns = np.nonzero(mask)
    across = rows * np.cos(angle_rad) - columns * np.sin(angle_rad)
    return float(np.clip((np.ptp(across) + 1) * scene.spacing.mean_mm - 2, 4, 20))
