"""Encode, denoise, decode: what one batch of equally sized regions goes through on the device."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from medsynth_aug.conditioning import DepthModel
from medsynth_aug.diffusion.checkpoint import Checkpoint
from medsynth_aug.diffusion.controls import route_controls
from medsynth_aug.diffusion.prompts import PromptEncoder
from medsynth_aug.diffusion.sampler import LatentBatch, denoise
from medsynth_aug.synthesis.digest import seed_of
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.synthesizer import DenoisingStep, OnStep
from medsynth_aug.types import Grey

CACHED_BACKGROUNDS = 512


@dataclass(frozen=True, slots=True, eq=False)
class PaintJob:
    """One region on the diffusion grid.

    Args:
        request: What is asked.
        composite: `(S, S)` float32 in [0, 1], the source with the lesion prior.
        edit_region: `(S, S)` float32, 0 or 1.
        controls: `(4, S, S)` float32 in [0, 1].
        scales: Weight of each ControlNet.
        strength: Share of the noise schedule that is run; 0 leaves the composite as it is.
        prompt: What the region is painted as.
        negative_prompt: What guidance steers away from.
        texture_kept: Share of the fine texture under the lesion that survives, in [0, 1].
    """

    request: SynthesisRequest
    composite: Grey
    edit_region: Grey
    controls: Grey
    scales: tuple[float, ...]
    strength: float
    prompt: str
    negative_prompt: str
    texture_kept: float

    @property
    def group(self) -> tuple[Any, ...]:
        """What must be equal within a batch."""
        return (self.composite.shape, self.request.sampling, self.strength, self.scales)


class Painter:
    """Runs the models; knows nothing of files, native pixels or blending.

    Args:
        checkpoint: The models, moved to `device` here.
        device: Where they run.
        assigned: What each ControlNet is fed.
        batch_size: Regions a batch; smaller batches are padded to it.
        depth_model: Makes depth maps of whole images.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: torch.device, assigned: Sequence[str], batch_size: int,
        depth_model: DepthModel,
    ) -> None:  # fmt: skip
        self.checkpoint, self.batch_size, self.depth_model = checkpoint, batch_size, depth_model
        self.device, self.assigned = device, tuple(assigned)
        for module in (checkpoint.vae, checkpoint.unet, checkpoint.text_encoder, *checkpoint.controlnets):
            module.to(device)
        self.dtype = checkpoint.unet.dtype
        self.prompts = PromptEncoder(checkpoint, device)
        self._backgrounds: OrderedDict[bytes, Tensor] = OrderedDict()

    @torch.inference_mode()
    def paint(self, jobs: Sequence[PaintJob], on_step: OnStep | None) -> tuple[list[np.ndarray], float]:
        """The change that denoising makes to each composite, and the seconds a job.

        The change is `D(z) - D(E(x)) + (texture_kept - 1) (x - D(E(x)))` for composite `x` and edited
        latents `z`: what the model altered, plus, where the lesion erases texture, the loss of the fine grain
        that the autoencoder does not carry. A model that changes nothing thus changes nothing.

        Args:
            jobs: At most `batch_size` jobs of one group.
            on_step: Called after each denoising step.

        Returns:
            `(S, S)` float32 changes in units of the value range, and seconds divided by jobs.
        """
        began = time.perf_counter()
        padded = [*jobs, *[jobs[-1]] * (self.batch_size - len(jobs))]
        composite = self.to_device(np.stack([job.composite for job in padded])[:, None])
        start = self.encode(composite)
        digests = tuple(job.request.digest for job in jobs)

        def report(step: int, total: int) -> None:
            if on_step is not None:
                on_step(DenoisingStep(digests, step, total))

        first = jobs[0]
        edited = start
        if first.strength > 0:
            edited = denoise(
                self.checkpoint, self._batch(padded, composite, start), first.request.sampling,
                strength=first.strength, scales=first.scales, on_step=report,
            )  # fmt: skip
        decoded, unedited = self.decode(edited), self.decode(start)
        lost = torch.tensor([1 - job.texture_kept for job in padded]).view(-1, 1, 1)
        plain = torch.from_numpy(np.stack([job.composite for job in padded]))
        change = (decoded - unedited) - lost * (plain - unedited)
        changes = list(change[: len(jobs)].numpy())
        return changes, (time.perf_counter() - began) / len(jobs)

    def _batch(self, jobs: Sequence[PaintJob], composite: Tensor, start: Tensor) -> LatentBatch:
        region = self.to_device(np.stack([job.edit_region for job in jobs])[:, None])
        small = F.interpolate(region, size=start.shape[-2:])
        stack = self.to_device(np.stack([job.controls for job in jobs]))
        return LatentBatch(
            start=start,
            noise=torch.stack([self.noise(job.request, start.shape[1:]) for job in jobs]),
            generators=[self.generator(job.request, "steps") for job in jobs],
            background=self._background(jobs, composite, region),
            region=small,
            controls=route_controls(stack, self.assigned),
            prompt_embeds=self.prompts([job.prompt for job in jobs]),
            negative_embeds=self.prompts([job.negative_prompt for job in jobs]),
        )

    def noise(self, request: SynthesisRequest, shape: Sequence[int]) -> Tensor:
        """Standard normal noise that the request's draw decides, in the precision of the weights."""
        drawn = torch.randn(tuple(shape), generator=self.generator(request, "noise"))
        return drawn.to(self.device, self.dtype)

    def generator(self, request: SynthesisRequest, use: str) -> torch.Generator:
        """A CPU generator that the request's draw decides."""
        return torch.Generator("cpu").manual_seed(seed_of(request.draw_digest, use))

    def _background(self, jobs: Sequence[PaintJob], composite: Tensor, region: Tensor) -> Tensor:
        """Latents with the region blanked, as the inpainting models saw them; kept by content."""
        keys = [_content_of(job) for job in jobs]
        if any(key not in self._backgrounds for key in keys):
            blanked = 0.5 + (composite - 0.5) * (region < 0.5)
            for key, latents in zip(keys, self.encode(blanked), strict=True):
                self._backgrounds[key] = latents
        found = torch.stack([self._backgrounds[key] for key in keys])
        while len(self._backgrounds) > CACHED_BACKGROUNDS:
            self._backgrounds.popitem(last=False)
        return found

    def encode(self, grey: Tensor) -> Tensor:
        """Latents of grey `(B, 1, S, S)` in [0, 1]: the mean of the posterior, scaled."""
        pixels = (2 * grey - 1).expand(-1, 3, -1, -1)
        mean = self.checkpoint.vae.encode(pixels).latent_dist.mean
        return mean * self.checkpoint.vae.config.scaling_factor

    def decode(self, latents: Tensor) -> Tensor:
        """Grey `(B, S, S)` float32 on the CPU: the mean of the decoded channels, in [0, 1]."""
        decoded = self.checkpoint.vae.decode(latents / self.checkpoint.vae.config.scaling_factor).sample
        return (decoded.float().mean(1).cpu() + 1) / 2

    def to_device(self, array: np.ndarray) -> Tensor:
        """An array on the device, in the precision of the weights."""
        return torch.from_numpy(array).to(self.device, self.dtype)


def _content_of(job: PaintJob) -> bytes:
    kept = np.where(job.edit_region > 0, np.float32(-1), job.composite)
    return hashlib.sha256(repr(kept.shape).encode() + kept.tobytes()).digest()
