"""The edit of a stored sample: read alone, proven by a digest of its own, and put into its source again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth_aug.synthesis.digest import canonical_json
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.types import Box, box_of

METADATA = "edit"
"""Entry of a file's own metadata that says which rectangle holds the edit, with a digest of what is there."""

HEAD = 4096
"""Bytes that are read first; the head of a sample's file is far shorter."""

NUMPY = {"U8": "u1", "U16": "<u2", "I16": "<i2", "F32": "<f4"}
"""safetensors' names of the dtypes that an image may have."""


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """What a sample changed in its source: everything in the smallest rectangle round its edit region.

    Args:
        frame: The rectangle.
        image: `(C, h, w)` pixels of the sample there.
        mask: `(1, h, w)` bool.
    """

    frame: Box
    image: torch.Tensor
    mask: torch.Tensor

    def into(self, source: torch.Tensor) -> "Applied":
        """This edit in its source, which stays as it is and has the pixels `(C, H, W)`."""
        image = source.clone()
        rows, columns = _slices(self.frame)
        image[:, rows, columns] = self.image
        return Applied(image, self)


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """An edit in its source; image, mask and box are those of the sample.

    Args:
        image: `(C, H, W)`.
        edit: What was put into it.
    """

    image: torch.Tensor
    edit: Edit

    @property
    def mask(self) -> torch.Tensor:
        """`(1, H, W)` bool, made when it is asked for."""
        mask = torch.zeros((1, *self.image.shape[1:]), dtype=torch.bool)
        rows, columns = _slices(self.edit.frame)
        mask[:, rows, columns] = self.edit.mask
        return mask

    @property
    def box(self) -> Box | None:
        """The smallest box round the mask; None where it is empty."""
        inner, frame = box_of(self.edit.mask), self.edit.frame
        return None if inner is None else _moved(inner, frame)


def describe_edit(sample: SyntheticSample) -> dict[str, str]:
    """What the metadata of a sample's file say of its edit; nothing for a whole image."""
    frame = None if sample.request.canvas is not None else box_of(sample.edit_region)
    if frame is None:
        return {}
    rows, columns = _slices(frame)
    image, mask = (part.detach().cpu()[:, rows, columns].numpy() for part in (sample.image, sample.mask))
    return {METADATA: canonical_json({"frame": frame, "sha256": _digest(sample.digest, frame, image, mask)})}


def read_edit(file: BinaryIO, digest: str) -> Edit | None:
    """The edit out of a sample's file; None if the file states none, or is not what was stored.

    Args:
        file: The file.
        digest: Digest of the sample's request, of which the edit's own digest is one too.
    """
    try:
        layout, start = _layout(file)
        stated = json.loads(layout["__metadata__"][METADATA])
        frame = Box(*stated["frame"])
        image = _rows_of_image(file, layout["image"], start, frame)[:, :, frame.x0 : frame.x1]
        mask = _rows_of_map(file, layout["mask"], start, layout["image"]["shape"], frame)
        mask = mask[:, :, frame.x0 : frame.x1]
        if _digest(digest, frame, image, mask) != stated["sha256"]:
            return None
    except (KeyError, ValueError, TypeError, IndexError):
        return None
    return Edit(frame, torch.from_numpy(image.copy()), torch.from_numpy(mask.copy()))


def _layout(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The head of a safetensors file, and where its data begin."""
    data = file.read(HEAD)
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), 8 + length


def _rows_of_image(file: BinaryIO, entry: Any, start: int, frame: Box) -> NDArray[Any]:
    """The image's rows in a frame, `(C, h, W)`."""
    channels, height, width = entry["shape"]
    dtype, count = np.dtype(NUMPY[entry["dtype"]]), frame.y1 - frame.y0
    line = width * dtype.itemsize
    begin = start + entry["data_offsets"][0] + frame.y0 * line
    bands = [_read(file, begin + channel * height * line, count * line) for channel in range(channels)]
    return np.frombuffer(b"".join(bands), dtype).reshape(channels, count, width)


def _rows_of_map(
    file: BinaryIO, entry: Any, start: int, shape: Sequence[int], frame: Box
) -> NDArray[np.bool_]:
    """A binary map's rows in a frame, `(1, h, W)`; eight pixels lie in a byte, across the ends of rows."""
    width, count = shape[2], frame.y1 - frame.y0
    first, last = frame.y0 * width // 8, -(-frame.y1 * width // 8)
    packed = _read(file, start + entry["data_offsets"][0] + first, last - first)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))[frame.y0 * width - 8 * first :]
    return bits[: count * width].view(np.bool_).reshape(1, count, width)


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _digest(digest: str, frame: Box, image: NDArray[Any], mask: NDArray[np.bool_]) -> str:
    """SHA-256 over the request's digest, frame, dtype, shape, and the pixels of image and mask."""
    head = {"request": digest, "frame": frame, "dtype": image.dtype.str, "shape": image.shape}
    proof = hashlib.sha256(canonical_json(head).encode())
    proof.update(np.ascontiguousarray(image).data)
    proof.update(np.packbits(mask).data)
    return proof.hexdigest()


def _slices(frame: Box) -> tuple[slice, slice]:
    return slice(frame.y0, frame.y1), slice(frame.x0, frame.x1)


def _moved(box: Box, frame: Box) -> Box:
    return Box(box.x0 + frame.x0, box.y0 + frame.y0, box.x1 + frame.x0, box.y1 + frame.y0)
