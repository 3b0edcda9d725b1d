"""What processing leaves in an image: the statistics by which forensics tells an edited one apart."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn
from scipy.ndimage import distance_transform_edt

from medsynth_aug.types import BoolMap, Grey

Trace = NDArray[np.float64]

FEWEST_PX = 64
"""Pixels of a region below which its traces are NaN: they would be noise."""

LEVELS = 255
"""Grey is looked at in steps of 8-bit data."""

BLOCK = 8
MARGIN_PX = 8
_TINY = 0.02  # levels; keeps the logarithm of a flat region finite
_BANDS = ((1,), (2,), (3,), (4,), (5,), (6,), (7,), (8, 9), (10, 11), (12, 13, 14))
_FILTERS = {
    "first, across": ([[0, -1, 1]], (0, 1)),
    "first, down": ([[0], [-1], [1]], (1, 0)),
    "first, falling": ([[0, 0, 0], [0, -1, 0], [0, 0, 1]], (1, 1)),
    "first, rising": ([[0, 0, 1], [0, -1, 0], [0, 0, 0]], (1, -1)),
    "second, across": ([[1, -2, 1]], (0, 1)),
    "second, down": ([[1], [-2], [1]], (1, 0)),
    "third, across": ([[0, 1, -3, 3, -1]], (0, 1)),
    "third, down": ([[0], [1], [-3], [3], [-1]], (1, 0)),
    "square": ([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], (0, 1)),
}


def traces(grey: Grey, region: BoolMap | None = None) -> Trace:
    """Statistics `(D,)` of one image inside a region, or of all of it; no pixel's place is in them.

    Grey values and their histogram's comb (tint, re-quantisation); high-pass residuals in several directions
    and orders (Pevný, Bas and Fridrich, "Steganalysis by subtractive pixel adjacency matrix", IEEE TIFS 5
    (2010) 215; Fridrich and Kodovský, "Rich models for steganalysis of digital images", IEEE TIFS 7 (2012)
    868; the square one is Immerkær's noise estimate); spectrum, empty coefficients and grid of 8 x 8 blocks
    (Fan and de Queiroz, "Identification of bitmap compression history", IEEE TIP 12 (2003) 230).

    Args:
        grey: `(H, W)` in [0, 1].
        region: `(H, W)`; a residual on its rim sees up to 2 pixels beyond it.

    Returns:
        All finite; all NaN if the region has fewer than `FEWEST_PX` pixels.
    """
    part, inside = _cut(grey, region)
    if np.count_nonzero(inside) < FEWEST_PX:
        return np.full(TRACES, np.nan)
    return np.concatenate([_values(part[inside]), _local(part, inside)])


def rim_traces(grey: Grey, region: BoolMap) -> Trace:
    """How a region differs from the ring round it, and the step at its rim, `(D,)`; NaN as in `traces`.

    Args:
        grey: `(H, W)` in [0, 1].
        region: `(H, W)`.
    """
    reach = int(np.clip(np.sqrt(np.count_nonzero(region)) / 4, MARGIN_PX, 32))
    part, inside = _cut(grey, region, reach)
    if np.count_nonzero(inside) < FEWEST_PX:
        return np.full(RIM_TRACES, np.nan)
    depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    distance = distance_transform_edt(~inside)
    ring = ~inside & (distance <= reach)
    if np.count_nonzero(ring) < FEWEST_PX:
        return np.full(RIM_TRACES, np.nan)
    step = _step(part, depth, distance)
    return np.concatenate([_local(part, inside) - _local(part, ring), step])


def _cut(grey: Grey, region: BoolMap | None, margin: int = MARGIN_PX) -> tuple[Grey, BoolMap]:
    """The surroundings of a region in levels, cut on the grid of blocks, and the region in them."""
    levels = grey.astype(np.float32) * LEVELS
    if region is None or not region.any():
        inside = np.full(grey.shape, region is None)
        return levels, inside
    window = []
    for axis in (1, 0):
        held = np.nonzero(region.any(axis))[0]
        first = max(0, (int(held[0]) - margin) // BLOCK * BLOCK)
        window.append(slice(first, -(-(int(held[-1]) + 1 + margin) // BLOCK) * BLOCK))
    return levels[tuple(window)], region[tuple(window)]


def _values(levels: NDArray[np.float32]) -> Trace:
    """Moments, percentiles and ends of the grey values, and the comb of their histogram."""
    low, high = float(levels.min()), float(levels.max())
    mean, spread = float(levels.mean()), float(levels.std()) + _TINY
    centred = (levels - mean) / spread
    square = centred * centred
    ends = [(levels <= 0).mean(), (levels >= LEVELS).mean(), (levels <= low).mean(), (levels >= high).mean()]
    return np.array(
        [
            mean, spread, (square * centred).mean(), np.log((square * square).mean() + _TINY), low, high,
            *np.percentile(levels, (1, 5, 25, 50, 75, 95, 99)), *np.log(np.add(ends, 1e-5)), *_comb(levels),
        ]
    )  # fmt: skip


def _comb(levels: NDArray[np.float32]) -> list[float]:
    """Gaps and spikes among neighbouring grey values, the share of odd ones, values between levels."""
    steps = np.clip(np.rint(levels), 0, LEVELS).astype(np.int64)
    counts = np.bincount(steps, minlength=LEVELS + 1).astype(float)
    expected = (counts[:-2] + counts[2:]) / 2
    known = expected > 4
    held, expected = counts[1:-1][known], expected[known]
    fine = int(np.count_nonzero(np.bincount(np.clip(levels * 257, 0, 65535).astype(np.int64))))
    odd = abs(float((steps % 2).mean()) - 0.5)
    between = np.log(fine / max(int(np.count_nonzero(counts)), 1))
    if not known.any():
        return [0.0, 0.0, 0.0, 0.0, odd, between]
    ratio = np.log((held + 1) / (expected + 1))
    surprise = np.log(((held - expected) ** 2 / (1.5 * expected + 1)).mean() + _TINY)
    return [(held == 0).mean(), ratio.min(), ratio.max(), surprise, odd, between]


def _local(levels: Grey, inside: BoolMap) -> Trace:
    """Residuals, blocks and their grid, in which the grey value itself does not count."""
    return np.array([*_residuals(levels, inside), *_blocks(levels, inside), *_grid(levels, inside)])


def _residuals(levels: Grey, inside: BoolMap) -> Iterator[float]:
    """Of each residual: strength, tail, share of zeros, and how neighbours agree."""
    for kernel, (down, right) in _FILTERS.values():
        response = cv2.filter2D(levels, cv2.CV_32F, np.array(kernel, np.float32))
        next_to = np.roll(response, (-down, -right), (0, 1))[inside]
        held = response[inside]
        size, power = float(np.abs(held).mean()) + _TINY, float((held**2).mean()) + _TINY**2
        yield from (np.log(size), np.log(power) / 2 - np.log(size))
        yield from (float((np.abs(held) < 0.5).mean()), float((held * next_to).mean() / power))


def _blocks(levels: Grey, inside: BoolMap) -> Iterator[float]:
    """Spectrum of 8 x 8 blocks that lie inside: bands, empty coefficients, spread from block to block."""
    height, width = (side // BLOCK for side in levels.shape)
    if not height or not width:
        yield from np.zeros(len(_BANDS) * 2 + 3 + 6)
        return
    shape = (height, BLOCK, width, BLOCK)
    held = inside[: height * BLOCK, : width * BLOCK].reshape(shape).mean((1, 3))
    least = min(1.0, float(np.sort(held, axis=None)[-min(4, held.size)]))
    tiles = levels[: height * BLOCK, : width * BLOCK].reshape(shape).transpose(0, 2, 1, 3)[held >= least]
    size = np.abs(dctn(tiles, axes=(1, 2), norm="ortho"))
    order = np.add.outer(np.arange(BLOCK), np.arange(BLOCK))
    means, empty = size.mean(0), (size < 0.5).mean(0)
    bands = np.log([means[np.isin(order, band)].mean() + _TINY for band in _BANDS])
    yield from (bands[0], *np.diff(bands))
    yield from (float(empty[np.isin(order, band)].mean()) for band in _BANDS)
    yield from np.log(np.array([means[7, 0], means[0, 7], means[7, 7]]) + _TINY) - bands[6]
    for part in (order > 0, order >= 8):
        yield from np.percentile(np.log(size[:, part].mean(1) + _TINY), (10, 50, 90))


def _grid(levels: Grey, inside: BoolMap) -> Iterator[float]:
    """How much larger steps are on the borders of 8 x 8 blocks, and on the worst of the eight phases."""
    for values, region in ((levels, inside), (levels.T, inside.T)):
        step = np.abs(np.diff(values, axis=1))
        excess = step[:, 1:-1] - (step[:, :-2] + step[:, 2:]) / 2
        within = region[:, 1:-2]
        totals, counts = (excess * within).sum(0, dtype=float), within.sum(0)
        phase = (np.arange(len(totals)) + 1) % BLOCK
        means = np.bincount(phase, totals, BLOCK) / np.maximum(np.bincount(phase, counts, BLOCK), 1)
        usual = float((np.abs(excess) * within).sum() / max(counts.sum(), 1)) + _TINY
        yield from ((means[BLOCK - 1] - np.median(means)) / usual, (means.max() - np.median(means)) / usual)


def _step(levels: Grey, depth: NDArray[np.float64], distance: NDArray[np.float64]) -> list[float]:
    """The slope on the rim against the slopes some pixels within and beyond it, and the step in grey."""
    slope = np.hypot(cv2.Sobel(levels, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(levels, cv2.CV_32F, 0, 1) / 8)

    def mean(values: NDArray[np.float32], where: BoolMap) -> float:
        return float(values[where].mean()) if where.any() else 0.0

    rim = (depth > 0) & (depth <= 2) | (distance > 0) & (distance <= 2)
    within, beyond = (depth > 3) & (depth <= 8), (distance > 3) & (distance <= 8)
    slopes = np.log([mean(slope, where) + _TINY for where in (rim, within, beyond)])
    rise = mean(levels, within) - mean(levels, beyond)
    return [slopes[0] - slopes[1], slopes[0] - slopes[2], rise, abs(rise)]


TRACES = len(_values(np.zeros(FEWEST_PX, np.float32))) + len(
    _local(np.zeros((FEWEST_PX, FEWEST_PX), np.float32), np.ones((FEWEST_PX, FEWEST_PX), bool))
)
"""How many traces there are."""

RIM_TRACES = TRACES - len(_values(np.zeros(FEWEST_PX, np.float32))) + 4
"""How many traces of a rim there are."""
