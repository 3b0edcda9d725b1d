"""Denoise one batch of equal size and settings; tensors in, tensors out."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import SchedulerMixin
from torch import Tensor

from medsynth_aug.diffusion.checkpoint import Checkpoint
from medsynth_aug.diffusion.schedule import build_scheduler, truncated_timesteps
from medsynth_aug.synthesis.settings import SamplingSettings


@dataclass(frozen=True, slots=True, eq=False)
class LatentBatch:
    """What the models see of a batch of regions, on the device and in the precision of the weights.

    Args:
        start: `(B, 4, h, w)` latents of the composites that denoising starts from.
        noise: `(B, 4, h, w)` standard normal.
        generators: One a sample: the noise of schedulers that add some at every step.
        background: `(B, 4, h, w)` latents of the images with the edit region blanked.
        region: `(B, 1, h, w)` edit region, 0 or 1.
        controls: One `(B, K, H, W)` stack a ControlNet, in [0, 1].
        prompt_embeds: `(B, T, D)`.
        negative_embeds: `(B, T, D)`; unused without guidance.
    """

    start: Tensor
    noise: Tensor
    generators: Sequence[torch.Generator]
    background: Tensor
    region: Tensor
    controls: tuple[Tensor, ...]
    prompt_embeds: Tensor
    negative_embeds: Tensor


def denoise(
    checkpoint: Checkpoint,
    batch: LatentBatch,
    settings: SamplingSettings,
    *,
    strength: float,
    scales: tuple[float, ...],
    on_step: Callable[[int, int], None],
) -> Tensor:
    """Edited latents `(B, 4, h, w)`: noise the start to `strength`, then denoise under every condition.

    SDEdit's truncated start (Meng et al., ICLR 2022) with ControlNet residuals (Zhang et al., ICCV 2023) and
    classifier-free guidance (Ho and Salimans, 2022) where `guidance_scale` is above 1.

    Args:
        checkpoint: The models.
        batch: Their inputs.
        settings: Steps, guidance and scheduler.
        strength: Share of the noise schedule that is run, in (0, 1].
        scales: Weight of each ControlNet.
        on_step: Called with steps done and steps in all.
    """
    scheduler = build_scheduler(settings.scheduler, checkpoint.scheduler_config)
    timesteps = truncated_timesteps(scheduler, settings.num_inference_steps, strength)
    first = timesteps[:1].repeat(len(batch.start)).to(batch.start.device)
    latents = scheduler.add_noise(batch.start, batch.noise, first)
    chance = {"generator": list(batch.generators)} if _draws(scheduler) else {}
    for number, time in enumerate(timesteps):
        scaled = scheduler.scale_model_input(latents, time).to(batch.start.dtype)
        predicted = _predict(checkpoint, batch, scaled, time, scales, settings.guidance_scale)
        latents = scheduler.step(predicted, time, latents, return_dict=False, **chance)[0]
        if checkpoint.unet.config.in_channels == 4:
            latents = _restore_background(scheduler, batch, latents, timesteps, number)
        on_step(number + 1, len(timesteps))
    return latents.to(batch.start.dtype)


def _draws(scheduler: SchedulerMixin) -> bool:
    """Whether a step may draw noise, which then must come from the samples' own generators."""
    return "generator" in inspect.signature(scheduler.step).parameters


def _predict(
    checkpoint: Checkpoint, batch: LatentBatch, latents: Tensor, time: Tensor, scales: tuple[float, ...],
    guidance_scale: float,
) -> Tensor:  # fmt: skip
    guided = guidance_scale > 1
    copies = 2 if guided else 1
    embeds = torch.cat([batch.negative_embeds, batch.prompt_embeds]) if guided else batch.prompt_embeds
    noisy = latents.repeat(copies, 1, 1, 1)
    down: list[Tensor] | None = None
    middle: Tensor | None = None
    for controlnet, control, scale in zip(checkpoint.controlnets, batch.controls, scales, strict=True):
        if scale == 0:
            continue
        below, centre = controlnet(
            noisy, time, encoder_hidden_states=embeds, controlnet_cond=control.repeat(copies, 1, 1, 1),
            conditioning_scale=scale, return_dict=False,
        )  # fmt: skip
        down = list(below) if down is None else [a + b for a, b in zip(down, below, strict=True)]
        middle = centre if middle is None else middle + centre
    if checkpoint.unet.config.in_channels == 9:
        context = torch.cat([batch.region, batch.background], 1).repeat(copies, 1, 1, 1)
        noisy = torch.cat([noisy, context], 1)
    predicted = checkpoint.unet(
        noisy, time, encoder_hidden_states=embeds, down_block_additional_residuals=down,
        mid_block_additional_residual=middle, return_dict=False,
    )[0]  # fmt: skip
    if guided:
        without, with_prompt = predicted.float().chunk(2)
        return without + guidance_scale * (with_prompt - without)
    return predicted.float()


def _restore_background(
    scheduler: object, batch: LatentBatch, latents: Tensor, timesteps: Tensor, number: int
) -> Tensor:
    """For a UNet without inpainting channels: outside the region, the start at the next noise level."""
    known = batch.start
    if number + 1 < len(timesteps):
        following = timesteps[number + 1 : number + 2].repeat(len(known)).to(known.device)
        known = scheduler.add_noise(batch.start, batch.noise, following)  # type: ignore[attr-defined]
    return torch.where(batch.region > 0.5, latents, known.to(latents.dtype))
