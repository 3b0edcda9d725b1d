"""A strip of held-out scenes as the networks make them at present, to look at while they are trained."""

from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from medsynth_aug.diffusion.schedule import truncated_timesteps
from medsynth_aug.training.starter.images.draws import Encoded
from medsynth_aug.training.starter.stages.denoising import Conditions, encode_text, predict
from medsynth_aug.training.starter.stages.networks import Denoiser, build_scheduler

COLUMNS, STEPS = 8, 8
REGION_STRENGTH = 0.6


@torch.inference_mode()
def draw_strip(file: Path, vae: AutoencoderKL, model: Denoiser, held: Encoded) -> None:
    """Write a PNG of two pairs of rows: regions before and after, whole images before and from anatomy alone.

    Args:
        file: Where it goes.
        vae: Decodes the latents.
        model: The networks.
        held: Encoded scenes of patients that are not trained on.
    """
    rows = []
    for wanted, strength in ((~held.from_anatomy, REGION_STRENGTH), (held.from_anatomy, 1.0)):
        scenes = held.pick(wanted.nonzero()[:COLUMNS, 0])
        if len(scenes.latents):
            rows += [_decode(vae, scenes.latents), _decode(vae, denoise_scenes(model, scenes, strength))]
    widest = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, widest - row.shape[1]))) for row in rows]
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), np.concatenate(padded))


def denoise_scenes(model: Denoiser, scenes: Encoded, strength: float, *, steps: int = STEPS) -> Tensor:
    """Latents of scenes whose region was noised to `strength` and denoised again, without guidance."""
    scheduler = build_scheduler()
    timesteps = truncated_timesteps(scheduler, steps, strength)
    device = scenes.latents.device
    conditions = Conditions(
        text=encode_text(model, scenes.tokens),
        controls=scenes.controls.float() / 255,
        context=torch.cat([scenes.region, scenes.background], 1),
    )
    noise = torch.randn(scenes.latents.shape, generator=torch.Generator().manual_seed(0)).to(device)
    latents = scheduler.add_noise(scenes.latents, noise, timesteps[:1].to(device))
    for time in timesteps:
        velocity = predict(model, latents, time.to(device).expand(len(latents)), conditions)
        latents = scheduler.step(velocity, time, latents, return_dict=False)[0]
    return latents


def _decode(vae: AutoencoderKL, latents: Tensor) -> np.ndarray:
    """The latents as one row of 8-bit grey images."""
    decoded = vae.decode(latents / vae.config.scaling_factor).sample.float().mean(1)
    grey = ((decoded + 1) * 127.5).clamp(0, 255).round().to(torch.uint8).cpu().numpy()
    return np.concatenate(list(grey), axis=1)
