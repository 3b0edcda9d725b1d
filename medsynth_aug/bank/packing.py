"""Samples, sources and maps as safetensors bytes: native pixels, binary maps at one bit a pixel."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from medsynth_aug.bank.edits import describe_edit
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.types import Spacing, ValueRange

Tensors = dict[str, torch.Tensor]
Rest = ParamSpec("Rest")
Unpacked = TypeVar("Unpacked")


def pack_sample(sample: SyntheticSample) -> bytes:
    """The pixels of a sample: image, mask and edit region, with value range and spacing."""
    return save(
        {
            "image": sample.image.detach().cpu().contiguous(),
            "mask": _bits(sample.mask),
            "edit_region": _bits(sample.edit_region),
            **_scale(sample.value_range, sample.spacing),
        },
        metadata=describe_edit(sample),
    )


def pack_source(source: SourceImage) -> bytes:
    """The pixels of a source with value range and spacing."""
    return save(
        {
            "pixels": source.pixels.detach().cpu().contiguous(),
            **_scale(source.value_range, source.spacing),
        }
    )


def pack_map(map_: torch.Tensor) -> bytes:
    """A map of any shape; a binary one takes one bit a pixel."""
    map_ = map_.detach().cpu()
    if map_.dtype != torch.bool:
        return save({"values": map_.contiguous()})
    return save({"bits": _bits(map_), "shape": torch.tensor(map_.shape, dtype=torch.int64)})


def _unpacking(
    unpack: Callable[Concatenate[Tensors, Rest], Unpacked],
) -> Callable[Concatenate[bytes, Rest], Unpacked]:
    @wraps(unpack)
    def from_bytes(data: bytes, *args: Rest.args, **kwargs: Rest.kwargs) -> Unpacked:
        try:
            return unpack(load(data), *args, **kwargs)
        except (SafetensorError, KeyError, ValueError, RuntimeError) as problem:
            raise ValueError(f"the file is not what a bank writes ({problem})") from problem

    return from_bytes


@_unpacking
def unpack_sample(
    tensors: Tensors,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, ValueRange, Spacing | None]:
    """Image, mask, edit region, value range and spacing.

    Raises:
        ValueError: If the bytes are not a packed sample.
    """
    image = tensors["image"]
    shape = (1, *image.shape[1:])
    mask, edit_region = (_from_bits(tensors[name], shape) for name in ("mask", "edit_region"))
    return image, mask, edit_region, *_unscale(tensors)


@_unpacking
def unpack_source(tensors: Tensors, digest: str) -> SourceImage:
    """The source that was packed, under the digest given.

    Raises:
        ValueError: If the bytes are not a packed source.
    """
    value_range, spacing = _unscale(tensors)
    return SourceImage(tensors["pixels"], value_range, spacing, digest)


@_unpacking
def unpack_map(tensors: Tensors) -> torch.Tensor:
    """The map that was packed.

    Raises:
        ValueError: If the bytes are not a packed map.
    """
    if "values" in tensors:
        return tensors["values"]
    return _from_bits(tensors["bits"], tuple(tensors["shape"].tolist()))


def _bits(map_: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.packbits(map_.detach().cpu().numpy()))


def _from_bits(bits: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    values = np.unpackbits(bits.numpy(), count=int(np.prod(shape)))
    return torch.from_numpy(values.view(np.bool_)).reshape(shape)


def _scale(value_range: ValueRange, spacing: Spacing | None) -> Tensors:
    tensors = {"value_range": torch.tensor(value_range, dtype=torch.float64)}
    if spacing is not None:
        tensors["spacing_mm"] = torch.tensor(spacing, dtype=torch.float64)
    return tensors


def _unscale(tensors: Tensors) -> tuple[ValueRange, Spacing | None]:
    spacing = tensors.get("spacing_mm")
    value_range = ValueRange(*tensors["value_range"].tolist())
    return value_range, None if spacing is None else Spacing(*spacing.tolist())
