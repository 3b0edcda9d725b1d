"""Jobs for an engine on tiny random weights."""

import numpy as np
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import (
    Job,
    Refusal,
    SamplingSettings,
    SynthesisRequest,
    Synthesizer,
    SyntheticSample,
    real_source,
)

RANGES = {torch.uint8: (0, 255), torch.uint16: (0, 4095), torch.int16: (-1000, 1000), torch.float32: (0, 1)}


def image_of(dtype: torch.dtype, shape: tuple[int, int], channels: int, seed: int) -> torch.Tensor:
    low, high = RANGES[dtype]
    rng = np.random.default_rng(seed)
    smooth = np.linspace(0.2, 0.7, shape[0])[:, None] + 0.02 * rng.standard_normal(shape)
    values = torch.from_numpy(low + smooth.clip(0, 1) * (high - low))
    return values.to(dtype)[None].expand(channels, -1, -1).contiguous()


def job_of(
    engine: Synthesizer, lesion: str = "nodule", *, dtype: torch.dtype = torch.uint8, channels: int = 1,
    shape: tuple[int, int] = (128, 128), seed: int = 0, sampling: SamplingSettings | None = None,
    **maps: object,
) -> Job:  # fmt: skip
    source = real_source(image_of(dtype, shape, channels, seed), value_range=RANGES[dtype])
    request = SynthesisRequest(
        source=source.digest, lesion=resolve_lesion(lesion), engine=engine.fingerprint, seed=seed, slot="0",
        sampling=sampling or SamplingSettings(num_inference_steps=1),
    )  # fmt: skip
    return Job(request, source, **{"anatomy": schematic_lungs(shape), **maps})  # type: ignore[arg-type]


def made(result: SyntheticSample | Refusal) -> SyntheticSample:
    assert isinstance(result, SyntheticSample), result.reason
    return result
