"""Put a sample into an item: image, label, mask and boxes change together."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image

from medsynth_aug.data.items.item import MaskHolds, Parts
from medsynth_aug.data.items.labels import ClassKey, relabel
from medsynth_aug.data.items.pixels import read_pixels, tv_name, write_pixels
from medsynth_aug.errors import GridError
from medsynth_aug.types import Box


class Painted(Protocol):
    """What of a sample goes into an item; a `SyntheticSample` has it."""

    @property
    def image(self) -> torch.Tensor:
        """`(C, H, W)` in the source's dtype."""
        ...

    @property
    def mask(self) -> torch.Tensor:
        """`(1, H, W)` bool."""
        ...

    @property
    def box(self) -> Box | None:
        """The smallest box round the mask; None where it is empty."""
        ...


def paint(
    parts: Parts,
    sample: Painted,
    key: ClassKey | None,
    *,
    exclusive: Iterable[int] = (),
    mask_holds: MaskHolds = "truth",
) -> Parts:
    """The parts of an item after the sample was painted into its image.

    Args:
        parts: The parts of the background item; they stay as they are.
        sample: The sample whose source is this item's image.
        key: Class or column of its lesion; None for a sham, which changes the image alone.
        exclusive: Columns that a lesion clears.
        mask_holds: What the values of an existing mask mean.
    """
    if key is None:
        return replace(parts, image=write_pixels(parts.image, sample.image))
    return Parts(
        image=write_pixels(parts.image, sample.image),
        label=None if parts.label is None else relabel(parts.label, key, exclusive),
        mask=None if parts.mask is None else merge_mask(parts.mask, sample.mask, key, mask_holds),
        boxes=None if parts.boxes is None else add_box(parts.boxes, sample),
    )


def merge_mask(mask: Any, lesion: torch.Tensor, key: ClassKey, holds: MaskHolds = "truth") -> Any:
    """The union of an item's mask with a lesion's, in the form of the item's.

    Args:
        mask: `(H, W)`, `(1, H, W)` or a PIL image; or a channel for each label column, `(K, H, W)`.
        lesion: `(1, H, W)` bool.
        key: Class or column of the lesion.
        holds: `"truth"`: lesion pixels take the mask's own value for a lesion; `"classes"`: they take the
            class.

    Raises:
        GridError: If the mask is not on the image's grid, or holds several values though it holds truth.
    """
    if isinstance(mask, np.ndarray | torch.Tensor) and mask.ndim == 3 and mask.shape[0] > 1:
        return _merge_channels(mask, lesion, key, holds)
    values = read_pixels(mask)
    if values.shape != lesion.shape:
        raise GridError(
            f"mask is {tuple(values.shape)} but the image is {tuple(lesion.shape)}; resample the mask"
        )
    return write_pixels(mask, torch.where(lesion, _value(mask, values, key, holds), values))


def add_box(boxes: Any, sample: Painted) -> Any:
    """Boxes `(N, 4)` followed by that of the sample's lesion, in their own type.

    Raises:
        GridError: If they are tv_tensors of a rotated format.
    """
    box = sample.box
    if box is None:
        return boxes
    if tv_name(boxes):
        from medsynth_aug.data.items.tv import with_box

        return with_box(boxes, box)
    if isinstance(boxes, torch.Tensor):
        return torch.cat([boxes, boxes.new_tensor([box])])
    return np.concatenate([boxes, np.asarray([box], boxes.dtype)])


def _merge_channels(mask: Any, lesion: torch.Tensor, key: ClassKey, holds: MaskHolds) -> Any:
    if isinstance(key, str) or not 0 <= key < mask.shape[0]:
        raise GridError(
            f"mask has {mask.shape[0]} channels, but the lesion's class is {key!r}; give each class one"
        )
    merged = mask.clone() if isinstance(mask, torch.Tensor) else mask.copy()
    merged[key] = merge_mask(mask[key], lesion, key, "truth")
    return merged


def _value(mask: Any, values: torch.Tensor, key: ClassKey, holds: MaskHolds) -> torch.Tensor:
    """What a lesion pixel is written as."""
    if holds == "classes":
        return torch.tensor(key, dtype=values.dtype)
    if values.dtype == torch.bool:
        return torch.tensor(True)
    marks = values.unique()
    marks = marks[marks != 0]
    if len(marks) > 1:
        raise GridError(
            f"mask holds the values {marks[:5].tolist()} besides 0; if each is a class, say so with "
            'item=ItemAdapter(..., mask_holds="classes")'
        )
    if len(marks):
        return marks[0]
    return torch.tensor(255 if isinstance(mask, Image.Image) else 1, dtype=values.dtype)
