"""Read PIL images, NumPy arrays and tensors as `(C, H, W)`, and write pixels back in the same form."""

from typing import Any, Literal

import numpy as np
import torch
from PIL import Image

from medsynth_aug.errors import GridError

Layout = Literal["HW", "HWC", "CHW"]

PIL_MODES = ("L", "RGB", "I;16", "F")
"""PIL modes that hold a radiograph without loss: 8 bit, 8 bit in three equal channels, 16 bit, float32."""


def is_image(value: Any) -> bool:
    """Whether `value` has the type and the shape of an image: PIL, or an array with two long sides."""
    if isinstance(value, Image.Image):
        return True
    if not isinstance(value, np.ndarray | torch.Tensor):
        return False
    return value.ndim == 2 or (value.ndim == 3 and (value.shape[0] in (1, 3) or value.shape[2] in (1, 3)))


def tv_name(value: Any) -> str:
    """Name of a torchvision tv_tensor's type ("Image", "Mask", "BoundingBoxes"), else an empty text.

    It is found without importing torchvision, which items without tv_tensors do not need.
    """
    kind = type(value)
    return kind.__name__ if kind.__module__.startswith("torchvision.tv_tensors") else ""


def read_pixels(image: Any) -> torch.Tensor:
    """The pixels as a tensor `(C, H, W)` in their own dtype, on the CPU, sharing no memory with `image`.

    Args:
        image: A PIL image, or an array or tensor `(H, W)`, `(H, W, C)` or `(C, H, W)` with one or three
            channels.

    Raises:
        GridError: If it is none of these.
    """
    return _channels_first(_tensor(image), image)


def view_pixels(image: Any) -> torch.Tensor:
    """The same pixels without a copy where that can be: they may share memory with `image`; only read them.

    Raises:
        GridError: If it is no image.
    """
    return _channels_first(_tensor(image, share=True), image)


def write_pixels(like: Any, pixels: torch.Tensor) -> Any:
    """`pixels` `(C, H, W)` in the type, layout and dtype of `like`, with its metadata.

    A plain tensor or array that is written may share memory with `pixels`.

    Raises:
        GridError: If `like` is no image, or `pixels` do not have its size.
    """
    layout = _layout(like)
    values = pixels[0] if layout == "HW" else pixels.permute(1, 2, 0) if layout == "HWC" else pixels
    if type(like) is torch.Tensor and like.device == values.device:
        _check_size(tuple(like.shape), tuple(values.shape))
        return values.to(like.dtype).contiguous()
    if isinstance(like, torch.Tensor):
        written = like.detach().clone()
        plain = written.as_subclass(torch.Tensor)
        _check_size(tuple(plain.shape), tuple(values.shape))
        plain.copy_(values)
        return written
    array = np.ascontiguousarray(values.numpy())
    if isinstance(like, Image.Image):
        picture = Image.fromarray(array[:, :, 0] if layout == "HWC" and like.mode != "RGB" else array)
        _check_size((like.height, like.width), (picture.height, picture.width))
        picture.info = dict(like.info)
        return picture
    _check_size(like.shape, array.shape)
    return array.astype(like.dtype, copy=False)


def _check_size(wanted: tuple[int, ...], given: tuple[int, ...]) -> None:
    if wanted != given:
        raise GridError(f"pixels are {given} but the image they replace is {wanted}; keep its size")


def _channels_first(values: torch.Tensor, image: Any) -> torch.Tensor:
    layout = _layout(image)
    if layout == "HW":
        return values[None]
    return values.permute(2, 0, 1).contiguous() if layout == "HWC" else values


def _tensor(image: Any, *, share: bool = False) -> torch.Tensor:
    if isinstance(image, torch.Tensor):
        values = image.detach().as_subclass(torch.Tensor).cpu()
        return values if share else values.clone()
    if isinstance(image, Image.Image) and image.mode not in PIL_MODES:
        raise GridError(
            f"PIL image has mode {image.mode!r}; a radiograph is one of {', '.join(PIL_MODES)}: "
            "call image.convert('L') in the data set first"
        )
    array = np.asarray(image)
    if array.dtype.kind not in "buif":
        raise GridError(f"image is {type(image).__name__}; pass a PIL image, a NumPy array or a torch tensor")
    share = share and array.flags.writeable and min(array.strides, default=0) >= 0  # as torch demands
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=not share))


def _layout(image: Any) -> Layout:
    """Where the channels stand; when both ends could be channels, NumPy has them last and torch first."""
    if isinstance(image, Image.Image):
        return "HWC" if image.mode == "RGB" else "HW"
    shape = tuple(image.shape)
    if len(shape) == 2:
        return "HW"
    first, last = len(shape) == 3 and shape[0] in (1, 3), len(shape) == 3 and shape[2] in (1, 3)
    if not (first or last):
        raise GridError(f"image is {shape}; a radiograph is (H, W), (H, W, C) or (C, H, W) with C 1 or 3")
    if first and last:
        return "CHW" if isinstance(image, torch.Tensor) else "HWC"
    return "CHW" if first else "HWC"
