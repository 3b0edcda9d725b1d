"""Images and masks as PNG, without loss, and whether two files show the same."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image

from medsynth_aug.errors import SyncError
from medsynth_aug.synthesis import SyntheticSample

PNG = "image/png"
"""Its media type."""


def png_of(sample: SyntheticSample) -> bytes:
    """The image of a sample as a grey PNG of 8 or 16 bits.

    Raises:
        SyncError: If PNG cannot hold it.
    """
    if sample.image.dtype not in (torch.uint8, torch.uint16) or sample.image.shape[0] != 1:
        kind = str(sample.image.dtype).removeprefix("torch.")
        raise SyncError(
            f"it is {kind} {tuple(sample.image.shape)}, which PNG cannot hold; only one channel of uint8 or "
            "uint16 can be sent"
        )
    return _written(sample.image[0].numpy())


def mask_png(mask: torch.Tensor) -> bytes:
    """A `(1, H, W)` mask as a PNG of 0 and 255."""
    return _written(mask[0].numpy().astype(np.uint8) * 255)


def same_pixels(first: bytes, second: bytes) -> bool:
    """Whether two PNGs show the same: other versions of a library pack the same pixels otherwise."""
    try:
        one, other = (np.array(Image.open(BytesIO(data))) for data in (first, second))
    except OSError:
        return False
    return one.dtype == other.dtype and np.array_equal(one, other)


def _written(pixels: np.ndarray) -> bytes:
    written = BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()
