"""torchvision's tv_tensors: items as such, so that `torchvision.transforms.v2` moves their parts together."""

from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

from medsynth_aug.data.items.item import ItemAdapter, Parts
from medsynth_aug.data.items.pixels import read_pixels
from medsynth_aug.errors import GridError
from medsynth_aug.types import Box

UPRIGHT = (
    tv_tensors.BoundingBoxFormat.XYXY, tv_tensors.BoundingBoxFormat.XYWH, tv_tensors.BoundingBoxFormat.CXCYWH,
)  # fmt: skip
"""Formats that a lesion's box can be written in."""


def as_tv_tensors(item: Any, adapter: ItemAdapter) -> Any:
    """A copy of an item whose image, mask and boxes (those it has) are tv_tensors; the rest stays.

    The image comes out as `Image` `(C, H, W)`, boxes as `BoundingBoxes` in XYXY on its canvas, and a mask of
    one channel as `Mask` `(H, W)`, torchvision's form for what is not one mask an instance
    (`SanitizeBoundingBoxes` drops channels where there are as many as boxes). What is a tv_tensor already
    stays as it is.

    Args:
        item: With PIL images, NumPy arrays or tensors.
        adapter: Where the parts stand.

    Raises:
        GridError: If the image is no radiograph, or boxes are not `(N, 4)`.
        LabelError: If the item lacks a place of the adapter.
    """
    parts = adapter.read(item)
    image = parts.image
    if not isinstance(image, tv_tensors.Image):
        image = tv_tensors.Image(read_pixels(image))
    height, width = image.shape[-2:]
    mask = None if parts.mask is None else _as_mask(parts.mask)
    boxes = None if parts.boxes is None else _as_boxes(parts.boxes, (height, width))
    return adapter.rebuild(item, Parts(image=image, label=parts.label, mask=mask, boxes=boxes))


def with_box(boxes: tv_tensors.BoundingBoxes, box: Box) -> tv_tensors.BoundingBoxes:
    """Boxes followed by one more, in the format, dtype and canvas of the first.

    Raises:
        GridError: If they are rotated, which a lesion's box is not.
    """
    if boxes.format not in UPRIGHT:
        raise GridError(
            f"boxes have the format {boxes.format.value}, but the box of a lesion is upright; convert them "
            "to XYXY, XYWH or CXCYWH in the data set first"
        )
    plain = boxes.as_subclass(torch.Tensor)
    added = functional.convert_bounding_box_format(
        plain.new_tensor([box]), old_format=tv_tensors.BoundingBoxFormat.XYXY, new_format=boxes.format
    )
    return tv_tensors.wrap(torch.cat([plain, added]), like=boxes)


def _as_mask(mask: Any) -> tv_tensors.Mask:
    if isinstance(mask, tv_tensors.Mask):
        return mask
    if isinstance(mask, np.ndarray | torch.Tensor) and mask.ndim == 3 and mask.shape[0] > 1:
        return tv_tensors.Mask(_copied(mask))  # a channel for each class
    return tv_tensors.Mask(read_pixels(mask)[0])


def _as_boxes(boxes: Any, canvas_size: tuple[int, int]) -> tv_tensors.BoundingBoxes:
    if isinstance(boxes, tv_tensors.BoundingBoxes):
        return boxes
    values = _copied(boxes)
    if values.ndim != 2 or values.shape[1] != 4:
        raise GridError(f"boxes are {tuple(values.shape)}; they are (N, 4): x0, y0, x1, y1 in pixels")
    return tv_tensors.BoundingBoxes(values, format="XYXY", canvas_size=canvas_size)  # type: ignore[call-arg]


def _copied(values: Any) -> torch.Tensor:
    """A plain tensor that shares no memory with an array or a tensor."""
    if isinstance(values, torch.Tensor):
        return values.detach().as_subclass(torch.Tensor).clone()
    array = np.asarray(values)
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
