"""What a prior sees: one grey image with its anatomy, and the site that was drawn in it."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from medsynth_aug.types import BoolMap, Grey, Spacing

Side = Literal["right", "left", "both"]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One image as the priors see it.

    Args:
        grey: `(H, W)` float32 in [0, 1], bright = dense (bone).
        right_lung: `(H, W)` bool, the patient's right lung field (image left).
        left_lung: `(H, W)` bool, the patient's left lung field (image right).
        spacing: Millimetres per pixel, known or assumed.
        keep: `(H, W)` bool, what is never painted over.
    """

    grey: Grey
    right_lung: BoolMap
    left_lung: BoolMap
    spacing: Spacing
    keep: BoolMap

    @property
    def shape(self) -> tuple[int, int]:
        """`(H, W)`."""
        return self.grey.shape[0], self.grey.shape[1]

    def lung(self, side: Side) -> BoolMap:
        """One lung field, or the union of both."""
        if side == "both":
            return self.right_lung | self.left_lung
        return self.right_lung if side == "right" else self.left_lung

    def pixels(self, length_mm: float) -> float:
        """A length in pixels."""
        return length_mm / self.spacing.mean_mm

    def crop(self, window: tuple[slice, slice]) -> "Scene":
        """The same scene inside a window of rows and columns."""
        return Scene(
            grey=self.grey[window],
            right_lung=self.right_lung[window],
            left_lung=self.left_lung[window],
            spacing=self.spacing,
            keep=self.keep[window],
        )


@dataclass(frozen=True, slots=True)
class Site:
    """Where a lesion was placed.

    Args:
        side: The patient's side.
        row: Row of the centre in pixels.
        column: Column of the centre in pixels.
        angle_rad: Direction of a rib or the like there, from the column axis towards larger rows.
        details: Further figures that a placement prior hands to its shape prior.
    """

    side: Side
    row: float
    column: float
    angle_rad: float = 0.0
    details: dict[str, float] = field(default_factory=dict)


def site_of_mask(scene: Scene, mask: BoolMap) -> Site:
    """The site of a mask that the user drew, not empty: its centroid, and the lung that holds most of it.

    A mask with at least a fifth of its lung pixels in either lung lies on both sides.
    """
    rows, columns = np.nonzero(mask)
    row, column = float(rows.mean()), float(columns.mean())
    in_right, in_left = int((mask & scene.right_lung).sum()), int((mask & scene.left_lung).sum())
    side: Side
    if in_right == in_left == 0:
        side = "right" if column < scene.shape[1] / 2 else "left"
    elif min(in_right, in_left) >= 0.2 * (in_right + in_left):
        side = "both"
    else:
        side = "right" if in_right > in_left else "left"
    return Site(side, row, column)


def window_of(mask: BoolMap, margin_px: float) -> tuple[slice, slice]:
    """Rows and columns of the mask, not empty, with a margin, inside the grid."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    margin = int(np.ceil(margin_px))
    return (
        slice(max(0, int(rows[0]) - margin), min(mask.shape[0], int(rows[-1]) + margin + 1)),
        slice(max(0, int(columns[0]) - margin), min(mask.shape[1], int(columns[-1]) + margin + 1)),
    )


def pasted(scene: Scene, window: tuple[slice, slice], values: Grey) -> Grey:
    """The grey image with the window replaced by `values`."""
    grey = scene.grey.copy()
    grey[window] = values
    return grey
