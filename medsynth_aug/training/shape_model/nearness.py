"""Does a draw copy anybody: overlap and surface distance to the nearest real outline, beside real to real."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from medsynth_aug.anatomy.landmarks import Points, fields_of
from medsynth_aug.anatomy.shape_model import Array
from medsynth_aug.training.shape_model.fitting import align

GRID = 128


def nearness(real: Sequence[Points], drawn: Sequence[Points]) -> dict[str, dict[str, float | int]]:
    """Figures of the nearest real outline, of draws and, left out one at a time, of real outlines.

    Position, size and tilt are taken off first, which brings outlines nearer than they lie in images.

    Args:
        real: `(P, 2)` each, one a patient.
        drawn: `(P, 2)` each.

    Returns:
        For "draw to real" and "real to real": `n`; median and largest Dice; median and smallest average
        symmetric surface distance (ASSD) in percent of the lungs' width.
    """
    aligned = align([*real, *drawn])[0]
    ours, theirs = aligned[len(real) :], aligned[: len(real)]
    flat, drawings = _maps(theirs), _maps(ours)
    return {
        "draw to real": _figures(_dice(drawings, flat), ours, theirs),
        "real to real": _figures(_without_own(_dice(flat, flat)), theirs, theirs),
    }


def surface_distance(one: Points, other: Points) -> float:
    """Average symmetric surface distance between two sets of points, in percent of the first one's width."""
    there, back = cKDTree(other).query(one)[0], cKDTree(one).query(other)[0]
    return float(100 * np.concatenate([there, back]).mean() / np.ptp(one[:, 0]))


def _figures(dice: Array, ours: Array, theirs: Array) -> dict[str, float | int]:
    nearest = dice.argmax(1)
    far = [surface_distance(one, theirs[int(at)]) for one, at in zip(ours, nearest)]
    best = dice.max(1)
    return {
        "n": len(ours),
        "median Dice": round(float(np.median(best)), 4),
        "largest Dice": round(float(best.max()), 4),
        "median ASSD, % of width": round(float(np.median(far)), 3),
        "smallest ASSD, % of width": round(float(min(far)), 3),
    }


def _maps(outlines: Array) -> Array:
    placed = 0.5 + 0.3 * outlines / np.sqrt((outlines**2).sum(2).mean())
    return np.stack([fields_of(one, (GRID, GRID)).numpy().ravel() for one in placed]).astype(np.float64)


def _dice(one: Array, other: Array) -> Array:
    return np.asarray(2 * one @ other.T / (one.sum(1)[:, None] + other.sum(1)[None]))


def _without_own(dice: Array) -> Array:
    np.fill_diagonal(dice, 0)
    return dice
