"""Stage two: text encoder, inpainting UNet and ControlNet, trained together on latents."""

from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import AutoencoderKL
from torch import Tensor

from medsynth_aug.training.starter.images.draws import (
    DenoiserData,
    Encoded,
    SceneDraws,
    draw_scenes,
    encode_scenes,
)
from medsynth_aug.training.starter.images.scenes import SceneDrawer
from medsynth_aug.training.starter.looking.strip import draw_strip
from medsynth_aug.training.starter.stages.denoising import velocity_loss
from medsynth_aug.training.starter.stages.loop import train
from medsynth_aug.training.starter.stages.networks import Denoiser, build_scheduler
from medsynth_aug.training.starter.stages.state import LoopSettings

MOST_HELD = 256
"""Scenes of the held-out loss at most."""

COMPILED_FROM_MINUTES = 60
"""Shorter stages are over before compiled networks have made up for the minutes that compiling takes."""


def train_denoiser(
    drawer: SceneDrawer,
    held_out: SceneDrawer | None,
    vae: AutoencoderKL,
    model: Denoiser,
    folder: Path,
    settings: LoopSettings,
    data: DenoiserData,
    *,
    accelerator: Accelerator,
    seed: int,
    max_steps: int | None = None,
) -> Denoiser:
    """Train the denoiser; returns it with averaged weights, in evaluation mode.

    Without held-out scenes no held-out loss is logged. On CUDA the networks of a long stage are compiled.
    """
    device, rank = accelerator.device, accelerator.process_index
    vae, model, scheduler = vae.to(device).eval(), model.to(device), build_scheduler()
    if device.type == "cuda" and settings.budget_minutes >= COMPILED_FROM_MINUTES:
        for network in (model.unet, model.controlnet):
            network.compile()
    held = held_out_scenes(held_out, vae, model, data, device, seed) if held_out else None
    draws = SceneDraws(drawer, vae, model.tokenizer, data, device=device, seed=seed, rank=rank)

    def loss_of_step(step: int) -> Tensor:
        rng = np.random.default_rng((seed, 4, step, rank))
        return velocity_loss(model, scheduler, draws.batch(step, rng), rng)

    @torch.no_grad()
    def held_out_loss() -> float:
        assert held is not None
        losses = [
            velocity_loss(model, scheduler, held.pick(part), np.random.default_rng((seed, 6, number)))
            for number, part in enumerate(torch.arange(len(held.latents)).split(data.batch_size))
        ]
        return float(torch.stack(losses).mean())

    try:
        train(
            model,
            loss_of_step,
            settings,
            folder,
            title="denoiser",
            accelerator=accelerator,
            held_out_loss=held_out_loss if held is not None else None,
            draw_strip=None if held is None else lambda file: draw_strip(file, vae, model, held),
            max_steps=max_steps,
        )
    finally:
        draws.close()
    return model.eval()


def held_out_scenes(
    drawer: SceneDrawer, vae: AutoencoderKL, model: Denoiser, data: DenoiserData, device: torch.device,
    seed: int,
) -> Encoded:  # fmt: skip
    """Encoded scenes of patients that are not trained on, the same for every loss."""
    scenes = draw_scenes(drawer, (seed, 5), min(4 * data.batch_size, MOST_HELD), data.size)
    return encode_scenes(scenes, vae, model.tokenizer, device)
