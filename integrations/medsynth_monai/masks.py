"""The lesion's truth in an item: a mask of its own, or its part of one that is there already."""

from typing import Any

import torch

from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.data.items.painting import merge_mask
from medsynth_aug.errors import GridError
from medsynth_monai.axes import SpatialOrder, as_type_of, from_rows, to_rows


def empty_mask(image: Any) -> Any:
    """A mask without a lesion on the grid of `image`: `(1, …)` uint8, in its type and with its meta data."""
    return as_type_of(image, torch.zeros((1, *image.shape[1:]), dtype=torch.uint8))


def with_lesion_mask(
    name: str, existing: Any, lesion: torch.Tensor, spatial_order: SpatialOrder, *, key: ClassKey
) -> Any:
    """A copy of an item's mask with the lesion in it; the rest of it stays.

    Args:
        name: Key of the mask, for messages.
        existing: One channel holds all lesions; otherwise each class or column has a channel of its own.
        lesion: `(1, H, W)` bool.
        spatial_order: Order of the spatial axes of `existing`.
        key: Class or column of the lesion.

    Raises:
        GridError: If the mask is not on the image's grid, or has no channel for the lesion.
    """
    rows = to_rows(name, existing, spatial_order)
    if rows.shape[1:] != lesion.shape[1:]:
        raise GridError(
            f"item[{name!r}] is {tuple(rows.shape)} as (C, H, W) but the image is {tuple(lesion.shape)}; "
            "resample the mask onto the image grid first"
        )
    return as_type_of(existing, from_rows(merge_mask(rows, lesion, key), spatial_order))
