"""MONAI's readers give `(C, W, H)`, the product thinks in `(C, H, W)`: both ways, and back into the type."""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from monai.data import MetaTensor

from medsynth_aug.errors import GridError, SettingError

SpatialOrder: TypeAlias = Literal["WH", "HW"]
"""Order of the two spatial axes in an item: `"WH"` after stock `LoadImaged`, `"HW"` after own readers."""


def check_spatial_order(spatial_order: str) -> None:
    """Check the name of an order.

    Raises:
        SettingError: If it is not a known one.
    """
    if spatial_order not in get_args(SpatialOrder):
        raise SettingError(
            f'spatial_order is {spatial_order!r}; use "WH" for images as LoadImaged gives them, (C, W, H), '
            'or "HW" for (C, H, W)'
        )


def to_rows(name: str, value: Any, spatial_order: SpatialOrder) -> torch.Tensor:
    """A plain CPU tensor `(C, H, W)` from a tensor, MetaTensor or array of an item.

    Args:
        name: Key of the value, for messages.
        value: `(C, W, H)` or `(C, H, W)`, as `spatial_order` says.
        spatial_order: Order of the last two axes.

    Raises:
        GridError: If the value is not an image with a channel axis and two spatial ones.
    """
    if not isinstance(value, torch.Tensor | np.ndarray):
        raise GridError(
            f"item[{name!r}] is a {type(value).__name__}; load it first: LoadImaged({name!r}), "
            f"EnsureChannelFirstd({name!r})"
        )
    if isinstance(value, MetaTensor):
        value = value.as_tensor()
    tensor = value if isinstance(value, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(value))
    if tensor.ndim != 3:
        raise GridError(
            f"item[{name!r}] is {tuple(tensor.shape)}; it needs a channel axis and two spatial ones: put "
            f"EnsureChannelFirstd({name!r}) before this transform (volumes are not painted)"
        )
    tensor = tensor.detach().cpu()
    return (tensor.transpose(1, 2) if spatial_order == "WH" else tensor).contiguous()


def from_rows(rows: torch.Tensor, spatial_order: SpatialOrder) -> torch.Tensor:
    """`(C, H, W)` in the order of the item."""
    return (rows.transpose(1, 2) if spatial_order == "WH" else rows).contiguous()


def as_type_of(example: Any, tensor: torch.Tensor) -> Any:
    """`tensor` as the type that `example` has, with its meta data, affine and applied operations."""
    if isinstance(example, np.ndarray):
        return tensor.numpy()
    tensor = tensor.to(example.device)
    if isinstance(example, MetaTensor):
        return MetaTensor(tensor).copy_meta_from(example)
    return tensor
