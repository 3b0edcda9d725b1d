"""Small jobs to ask a synthesizer for: a phantom of any dtype, size and value range, and a lesion for it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis import (
    Job,
    SamplingSettings,
    SourceImage,
    SynthesisRequest,
    Synthesizer,
    real_source,
)
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_aug.testing.phantom import FILM_MM, disc, phantom_chest

SHAPE = (113, 97)
"""Odd in both directions, taller than wide, smaller than what most models are trained on."""

MASK_PLACE = (0.45, 0.29, 0.07)
"""Row, column and radius of the mask that checks give, as shares of the image: in the right lung."""

CANVAS = Canvas(
    prompt="frontal chest radiograph, no finding, whole", height=96, width=88, dtype="uint16",
    value_range=(0, 4095), spacing_mm=(3.5, 3.5),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMaker:
    """Makes jobs for one lesion; the same arguments give the same job in every process.

    Args:
        lesion: A resolved lesion.
        sampling: How to denoise.
    """

    lesion: Lesion
    sampling: SamplingSettings = field(default_factory=lambda: SamplingSettings(num_inference_steps=2))

    def job(self, synthesizer: Synthesizer, source: SourceImage | None = None, **given: Any) -> Job:
        """One job with the phantom's anatomy.

        Args:
            synthesizer: Who shall do it.
            source: What is painted into; the phantom as 8-bit grey if absent.
            given: `mask`, `anatomy` and `keep_mask` go into the job, the rest into the request.
        """
        source = source or phantom_source()
        shape = (source.pixels.shape[1], source.pixels.shape[2])
        maps = {name: given.pop(name, None) for name in ("mask", "anatomy", "keep_mask")}
        if maps["anatomy"] is None:
            maps["anatomy"] = torch.from_numpy(phantom_chest(shape)[1].copy())
        settings: dict[str, Any] = {
            "lesion": self.lesion,
            "seed": 0,
            "slot": "0",
            "sampling": self.sampling,
            **given,
        }
        digests: dict[str, Any] = {f"{name}_digest": map_digest(map_) for name, map_ in maps.items()}
        request = SynthesisRequest(
            source=source.digest, engine=synthesizer.fingerprint, **digests, **settings
        )
        return Job(request, source, **maps)

    def whole(self, synthesizer: Synthesizer, *, canvas: Canvas = CANVAS, **given: Any) -> Job:
        """A job without a source: a whole image from the phantom's lung fields."""
        anatomy = torch.from_numpy(phantom_chest((canvas.height, canvas.width))[1].copy())
        request = SynthesisRequest(
            source="none", lesion=None, canvas=canvas, anatomy_digest=map_digest(anatomy), purpose="patient",
            engine=synthesizer.fingerprint,
            **{"seed": 0, "slot": "whole", "sampling": self.sampling, **given},
        )  # fmt: skip
        return Job(request, None, anatomy=anatomy)


def phantom_source(
    dtype: torch.dtype = torch.uint8,
    *,
    channels: int = 1,
    shape: tuple[int, int] = SHAPE,
    value_range: tuple[float, float] = (0.0, 255.0),
    seed: int = 0,
) -> SourceImage:
    """The phantom in any form that a source may have, over all of its value range.

    Its first row holds what a careless blend would spoil: the limits of the range, and where 0 is among the
    floating values of the range, negative zeros (which adding 0 turns into positive ones).
    """
    low, high = value_range
    grey, _ = phantom_chest(shape, seed=seed)
    values = torch.from_numpy(low + (high - low) * grey.astype(np.float64))
    pixels = (values if dtype.is_floating_point else values.round()).to(dtype)
    pixels[0, ::3] = torch.tensor(low).to(dtype)
    pixels[0, 1::3] = torch.tensor(high).to(dtype)
    if dtype.is_floating_point and low <= 0 <= high:
        pixels[0, 2::3] = -0.0
    spacing_mm = (FILM_MM[0] / shape[0], FILM_MM[1] / shape[1])
    return real_source(pixels.expand(channels, *shape), value_range=value_range, spacing_mm=spacing_mm)


def given_mask(shape: tuple[int, int] = SHAPE) -> torch.Tensor:
    """A disc in the right lung, `(1, H, W)` bool, as a user's own mask."""
    return torch.from_numpy(disc(shape, *MASK_PLACE))[None]


def map_digest(map_: torch.Tensor | None) -> str | None:
    """How a request names a mask, an anatomy or a keep-mask."""
    return None if map_ is None else digest_pixels(map_)
