"""Digests: SHA-256 over canonical JSON or canonical pixels, the same in every process and machine."""

import hashlib
import json
from typing import Any

import torch

from medsynth_aug.types import Spacing, ValueRange


def canonical_json(data: Any) -> str:
    """JSON with sorted keys and no spaces; NaN and infinity are refused."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_json(data: Any) -> str:
    """SHA-256 of `data` as canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def digest_pixels(
    pixels: torch.Tensor, *, value_range: ValueRange | None = None, spacing: Spacing | None = None
) -> str:
    """SHA-256 over dtype, shape, row-major bytes, spacing and value range; never over a file."""
    header = {
        "dtype": str(pixels.dtype).removeprefix("torch."),
        "shape": list(pixels.shape),
        "value_range": [float(value) for value in value_range] if value_range else None,
        "spacing": [float(value) for value in spacing] if spacing else None,
    }
    digest = hashlib.sha256(canonical_json(header).encode())
    digest.update(pixels.contiguous().view(torch.uint8).numpy().data)  # read where it lies, without a copy
    return digest.hexdigest()


def seed_of(draw_digest: str, purpose: str) -> int:
    """A 63-bit seed for one use of chance ("shape", "noise"), independent of the other uses."""
    return int.from_bytes(hashlib.sha256(f"{draw_digest}/{purpose}".encode()).digest()[:8]) >> 1
