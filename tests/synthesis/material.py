"""Small real things to synthesise from: a thorax of any dtype, requests and jobs."""

from typing import Any

import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import FakeSynthesizer, Job, SourceImage, SynthesisRequest, real_source

RANGES = {
    torch.uint8: (0.0, 255.0),
    torch.uint16: (0.0, 4095.0),
    torch.int16: (-1000.0, 2000.0),
    torch.float32: (0.0, 1.0),
}


def thorax(
    dtype: torch.dtype = torch.uint8, channels: int = 1, shape: tuple[int, int] = (120, 110), seed: int = 0
) -> SourceImage:
    """Dark lungs in soft tissue with grain, over most of the dtype's value range."""
    low, high = RANGES[dtype]
    lungs = schematic_lungs(shape).any(0)
    chance = torch.Generator().manual_seed(seed)
    grey = torch.where(lungs, 0.3, 0.7) + 0.05 * torch.rand(shape, generator=chance)
    pixels = (low + (high - low) * grey).to(dtype)
    return real_source(pixels.expand(channels, *shape), value_range=(low, high), spacing_mm=(2.6, 2.6))


def request(source: SourceImage, lesion: str = "nodule", **changes: Any) -> SynthesisRequest:
    """A lesion for the fake synthesizer."""
    settings: dict[str, Any] = {
        "source": source.digest,
        "lesion": resolve_lesion(lesion),
        "engine": FakeSynthesizer().fingerprint,
        "seed": 0,
        "slot": "0",
    }
    return SynthesisRequest(**(settings | changes))


def job(source: SourceImage, lesion: str = "nodule", **given: Any) -> Job:
    """A job with what it is given; other names go into the request."""
    pixels = {name: given.pop(name) for name in ("anatomy", "mask", "keep_mask") if name in given}
    return Job(request(source, lesion, **given), source, **pixels)
