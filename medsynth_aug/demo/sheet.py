"""The contact sheet: what went in, what guided it, what came out and what changed, one row a sample."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medsynth_aug.conditioning import AttenuationDepth, canny, remove_noise
from medsynth_aug.demo.drawing import new_figure
from medsynth_aug.demo.painting import Painted
from medsynth_aug.types import Box, Grey, box_of, to_grey

HEADS = ("whole image", "source", "canny", "depth", "mask", "result", "difference × 4")
CONTEXT = 1.6
LEAST_SIDE_PX = 96
ROWS_A_LESION = 2


class Panel(NamedTuple):
    """One picture of a row with how matplotlib shows it."""

    image: np.ndarray
    shown: dict[str, Any]


GREY: dict[str, Any] = {"cmap": "gray", "vmin": 0.0, "vmax": 1.0}
SIGNED: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -1.0, "vmax": 1.0}


def choose(painted: Sequence[Painted], a_lesion: int = ROWS_A_LESION) -> list[Painted]:
    """The first few samples of each lesion, in the order in which lesions first appear."""
    seen: Counter[str] = Counter()
    kept = []
    for one in painted:
        seen[one.sample.lesion] += 1
        if seen[one.sample.lesion] <= a_lesion:
            kept.append(one)
    return kept


def window(region: Box, shape: tuple[int, int]) -> Box:
    """A square round `region` with some context, moved or cut to lie inside an image `(H, W)`."""
    longest = max(region.x1 - region.x0, region.y1 - region.y0)
    side = min(max(LEAST_SIDE_PX, round(CONTEXT * longest)), *shape)
    left, top = (
        min(max(0, (low + high - side) // 2), extent - side)
        for low, high, extent in ((region.x0, region.x1, shape[1]), (region.y0, region.y1, shape[0]))
    )
    return Box(left, top, left + side, top + side)


def panels(painted: Painted) -> tuple[Box, list[Panel]]:
    """The window of a sample, and its pictures in the order of `HEADS`."""
    sample = painted.sample
    before, after = (to_grey(pixels, sample.value_range) for pixels in (painted.source, sample.image))
    height, width = after.shape
    region = box_of(sample.edit_region) or Box(0, 0, width, height)
    view = window(region, (height, width))

    def cut(image: Grey) -> np.ndarray:
        return image[view.y0 : view.y1, view.x0 : view.x1]

    calm = remove_noise(np.ascontiguousarray(cut(after)))
    truth = (0.35 * sample.edit_region[0] + 0.65 * sample.mask[0]).numpy()
    greys = (after, cut(before), canny(calm), AttenuationDepth()(calm), cut(truth), cut(after))
    difference = Panel(4 * (cut(after) - cut(before)), SIGNED)
    return view, [*(Panel(image, GREY) for image in greys), difference]


def draw_sheet(painted: Sequence[Painted], path: Path, *, title: str) -> None:
    """Write the sheet as a PNG.

    Args:
        painted: One row each.
        path: The file.
        title: Says what made the samples.
    """
    figure = new_figure(1.65 * len(HEADS), 1.7 * len(painted) + 0.7)
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(len(painted), len(HEADS), squeeze=False)
    for number, (row, one) in enumerate(zip(grid, painted)):
        view, pictures = panels(one)
        for axes, picture in zip(row, pictures):
            axes.imshow(picture.image, **picture.shown)
            axes.set(xticks=[], yticks=[])
        _frame(row[0], view)
        row[0].set_ylabel(_name(one), fontsize=9)
        if number == 0:
            for axes, head in zip(row, HEADS):
                axes.set_title(head, fontsize=9)
    figure.supxlabel(
        "mask: white is the lesion, grey is the edit region, outside which every pixel is the source's. "
        "difference: red is brighter, blue is darker.",
        fontsize=8,
    )
    figure.savefig(path, dpi=100)


def _frame(axes: Any, view: Box) -> None:
    corners = list(_corners(view))
    axes.plot([x for x, _ in corners], [y for _, y in corners], color="#e8923a", linewidth=1)


def _corners(view: Box) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = view.x0, view.y0, view.x1 - 1, view.y1 - 1
    yield from ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))


def _name(painted: Painted) -> str:
    name = painted.sample.lesion.replace("_", "\n")
    lesion = painted.sample.request.lesion
    return f"{name}\n(schematic)" if lesion is not None and lesion.schematic else name
