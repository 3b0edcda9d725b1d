"""Lines one film up with many thumbnails, so that a crop, a turn or another exposure hides no copy."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth_aug.types import BoolMap, Grey

SIDE_PX = 32
BOX_PX = 2 * SIDE_PX
"""Side of the lung box in a patch: two pixels a thumbnail pixel, whose mean is that of the thumbnail."""

PATCH_PX = 112
"""Side of a patch: the lung box with three eighths of its size round it."""

TURNS_DEG = (-4.0, 0.0, 4.0)
SCALES = (0.9, 1.0, 1.1)
SHIFTS = (-1 / 16, 0.0, 1 / 16)
"""Where alignment starts from; shifts are parts of the lung box, 2 thumbnail pixels."""

LONGEST_STEP = 0.04
FARTHEST = 0.3
"""Largest entry by which a map may differ from the identity: what is scaled or moved more is no near-copy."""

LEAST_SEEN = 0.6
"""Share of a thumbnail that the film must show."""

Floats = NDArray[np.float32]
Maps = NDArray[np.float64]

IDENTITY = np.eye(2, 3)
_CENTRES = (np.arange(SIDE_PX) + 0.5) / SIDE_PX - 0.5
_GRID = np.stack([*np.meshgrid(_CENTRES, _CENTRES, indexing="ij"), np.ones((SIDE_PX,) * 2)]).reshape(3, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The box round both lungs and its surroundings, at twice a thumbnail's resolution.

    Args:
        layers: `(112, 112, 4)` float32: grey, whose border is continued beyond the film; 1 on the film and 0
            beyond it; and the slopes of the grey down and across, a pixel.
    """

    layers: Floats


def patch_of(grey: Grey, lungs: BoolMap) -> Patch:
    """The patch of a film.

    Args:
        grey: `(H, W)` float32.
        lungs: `(K, H, W)` bool; the whole image is taken where nothing is True.
    """
    inside = np.asarray(lungs.any(0)) if lungs.any() else np.ones(grey.shape, bool)
    rows, columns = np.nonzero(inside.any(1))[0], np.nonzero(inside.any(0))[0]
    first = np.array([rows[0], columns[0]], float)
    extent = np.array([rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]], float)
    margin = extent * (PATCH_PX - BOX_PX) / (2 * BOX_PX)
    border = np.ceil(margin).astype(int)
    around = [(int(side), int(side)) for side in border]
    corner, window = first + border - margin, extent + 2 * margin
    values = _means(np.pad(grey, around, mode="edge"), corner, window)
    seen = _means(np.pad(np.ones_like(grey), around), corner, window)
    return Patch(np.stack([values, seen, *np.gradient(values)], 2).astype(np.float32))


def starts() -> Maps:
    """Affine maps `(81, 2, 3)` of thumbnail to patch, row before column, in parts of the lung box."""
    turned = [
        [[scale * np.cos(angle), -scale * np.sin(angle), down], [scale * np.sin(angle), scale * np.cos(angle),
          across]]
        for angle, scale, down, across in product(np.deg2rad(TURNS_DEG), SCALES, SHIFTS, SHIFTS)
    ]  # fmt: skip
    return np.array(turned)


def look(patch: Patch, maps: Maps) -> Floats:
    """What maps `(K, 2, 3)` take out of a patch, `(K, 1024, 4)`: the layers at each thumbnail pixel."""
    at = (BOX_PX * (maps @ _GRID) + (PATCH_PX - 1) / 2).astype(np.float32)
    down, across = (at[:, axis].reshape(-1, SIDE_PX) for axis in (0, 1))
    found = cv2.remap(patch.layers, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(len(maps), -1, 4)


def thumbnails_of(patch: Patch, maps: Maps) -> Floats:
    """The thumbnails `(K, 32, 32)` that maps `(K, 2, 3)` take out of a patch."""
    return look(patch, maps)[:, :, 0].reshape(-1, SIDE_PX, SIDE_PX)


def directions(thumbnails: NDArray[np.generic]) -> Floats:
    """Thumbnails `(N, 32, 32)` as `(N, 1024)` of zero mean and unit length: no brightness, no contrast."""
    flat = np.asarray(thumbnails, np.float32).reshape(len(thumbnails), -1)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def align(patch: Patch, maps: Maps, wanted: Floats, *, steps: int) -> tuple[Maps, NDArray[np.float64]]:
    """Maps that line the patch up with each wanted thumbnail, and the correlation that they reach.

    Gauss-Newton on map, brightness and contrast together, which climbs the correlation: Evangelidis and
    Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", IEEE TPAMI 30
    (2008) 1858.

    Args:
        patch: The film.
        maps: `(K, 2, 3)`, where to start.
        wanted: `(K, 1024)` thumbnails.
        steps: How many steps; the best map on the way is kept.
    """
    looked = look(patch, maps)
    best, reached = maps, _likeness(looked, maps, wanted)
    for _ in range(steps):
        maps = maps + _step(looked, wanted)
        looked = look(patch, maps)
        now = _likeness(looked, maps, wanted)
        best = np.where((now > reached)[:, None, None], maps, best)
        reached = np.maximum(now, reached)
    return best, reached


def _likeness(looked: Floats, maps: Maps, wanted: Floats) -> NDArray[np.float64]:
    """Pearson's r `(K,)` over the pixels on the film; -1 where they are too few or a map goes too far."""
    seen = _seen(looked)
    total = np.maximum(seen.sum(1, keepdims=True), 1)
    ours, theirs = (seen * (x - (seen * x).sum(1, keepdims=True) / total) for x in (looked[:, :, 0], wanted))
    length = np.sqrt((ours**2).sum(1) * (theirs**2).sum(1))
    r = (ours * theirs).sum(1) / np.maximum(length, 1e-9)
    usable = (seen.mean(1) >= LEAST_SEEN) & (np.abs(maps - IDENTITY).max((1, 2)) < FARTHEST)
    return np.where(usable, r, -1.0).astype(float)


def _step(looked: Floats, wanted: Floats) -> Maps:
    """Changes `(K, 2, 3)` of the maps: `wanted = a I + b + a (dI / dmap) change`, by least squares."""
    values, slopes = looked[:, :, 0], BOX_PX * looked[:, :, 2:]
    moved = (slopes[:, :, :, None] * _GRID.T[None, :, None].astype(np.float32)).reshape(len(looked), -1, 6)
    design = np.concatenate([values[:, :, None], np.ones_like(values)[:, :, None], moved], 2)
    design *= _seen(looked)[:, :, None]
    turned = design.transpose(0, 2, 1)
    normal, right = (turned @ design).astype(float), (turned @ wanted[:, :, None]).astype(float)
    normal += np.eye(8) * (1e-3 * np.diagonal(normal, axis1=1, axis2=2)[:, None] + 1e-9)
    solved = np.linalg.solve(normal, right)[:, :, 0]
    gain = solved[:, :1]
    change = np.where(gain > 1e-6, solved[:, 2:] / np.maximum(gain, 1e-6), 0)
    return np.clip(change, -LONGEST_STEP, LONGEST_STEP).reshape(-1, 2, 3)


def _seen(looked: Floats) -> Floats:
    return (looked[:, :, 1] > 0.99).astype(np.float32)


def _means(pixels: Floats, first: NDArray[np.float64], extent: NDArray[np.float64]) -> Floats:
    """A window shrunk or stretched to `(112, 112)` by means over areas, out of the integral image."""
    total = cv2.integral(pixels, sdepth=cv2.CV_64F)
    down, across = (
        start + length * np.arange(PATCH_PX + 1) / PATCH_PX for start, length in zip(first, extent)
    )
    total = _between(_between(np.asarray(total, float), down).T, across).T
    return (np.diff(np.diff(total, axis=0), axis=1) * PATCH_PX**2 / extent.prod()).astype(np.float32)


def _between(rows: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows at fractional positions."""
    low = np.clip(at.astype(int), 0, len(rows) - 2)
    part = np.clip(at - low, 0, 1)[:, None]
    return rows[low] * (1 - part) + rows[low + 1] * part
