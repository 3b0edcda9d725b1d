"""Size is in millimetres: it follows the range of the lesion, and never the pixels of the image."""

from dataclasses import replace

import numpy as np

from medsynth_aug.lesions import Lesion
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.lesions.drawing import Claims, drawings, drawn
from medsynth_aug.testing.phantom import FILM_MM, phantom_scene

GRIDS = ((200, 200), (400, 400), (200, 280))
"""One chest at 1.7 mm, at half of that, and with pixels that are not square."""

DRAWS = range(6)

LARGEST_RATIO = 1.6
"""Of the median area in mm2 on two grids; what counts pixels instead is off by 2 and 4."""


def its_size_lies_in_its_range(lesion: Lesion, claims: Claims) -> None:
    """The size that is drawn lies in the range of the lesion, and the site on the grid."""
    low, high = lesion.size_mm
    for seed, scene, drawing in drawings(lesion):
        size = drawing.size_mm
        expect(low <= size <= high, f"seed {seed}: {size:g} mm were drawn, outside {low:g} to {high:g} mm")
        row, column = drawing.site.row, drawing.site.column
        inside = 0 <= row < scene.shape[0] and 0 <= column < scene.shape[1]
        expect(inside, f"seed {seed}: its site ({row:g}, {column:g}) lies off the image {scene.shape}")


def its_size_is_in_millimetres(lesion: Lesion, claims: Claims) -> None:
    """The same chest on finer, coarser and oblong pixels gets lesions of the same area in mm²."""
    middle = float(np.sqrt(lesion.size_mm[0] * lesion.size_mm[1]))
    areas = [_median_area_mm2(replace(lesion, size_mm=(middle, middle)), grid) for grid in GRIDS]
    ratio = max(areas) / min(areas)
    told = ", ".join(f"{area:.0f} mm² on {grid[0]} x {grid[1]}" for area, grid in zip(areas, GRIDS))
    expect(
        ratio <= LARGEST_RATIO,
        f"at a size of {middle:.1f} mm it covers {told}; take lengths from scene.spacing or scene.pixels(mm)",
    )


def a_larger_size_is_a_larger_lesion(lesion: Lesion, claims: Claims) -> None:
    """At the top of its range it covers more than at the bottom."""
    low, high = lesion.size_mm
    if high < 1.2 * low:
        return
    small, large = (_median_area_mm2(replace(lesion, size_mm=(size, size)), GRIDS[0]) for size in (low, high))
    expect(
        large > small,
        f"at {high:g} mm it covers {large:.0f} mm², at {low:g} mm {small:.0f} mm²; "
        "its shape prior gets size_mm",
    )


def _median_area_mm2(lesion: Lesion, grid: tuple[int, int]) -> float:
    pixel_mm2 = FILM_MM[0] * FILM_MM[1] / (grid[0] * grid[1])
    scene = phantom_scene(grid)
    return float(np.median([drawn(lesion, scene, seed).mask.sum() for seed in DRAWS]) * pixel_mm2)
