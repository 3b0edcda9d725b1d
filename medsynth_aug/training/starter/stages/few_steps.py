"""Stage three: few steps without guidance. The networks learn to leap where the former ones walked."""

import copy
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import AutoencoderKL, DDIMScheduler
from torch import Tensor

from medsynth_aug.training.seeded import seeded_noise
from medsynth_aug.training.starter.images.draws import DenoiserData, Encoded, SceneDraws
from medsynth_aug.training.starter.images.scenes import SceneDrawer
from medsynth_aug.training.starter.looking.strip import draw_strip
from medsynth_aug.training.starter.stages.denoiser import held_out_scenes
from medsynth_aug.training.starter.stages.denoising import (
    REGION_WEIGHT,
    Conditions,
    blank_tokens,
    draw_times,
    encode_text,
    predict,
    withhold,
)
from medsynth_aug.training.starter.stages.loop import train
from medsynth_aug.training.starter.stages.networks import Denoiser, build_scheduler
from medsynth_aug.training.starter.stages.state import LoopSettings

GRID = 50
"""Noise levels between which the networks are made consistent."""

GUIDANCE = 1.5
"""Classifier-free guidance of the walk, which the leap has learned afterwards."""

HUBER = 0.03
"""Width of the quadratic part of the pseudo-Huber norm, in units of the latents' spread."""


def clean(latents: Tensor, velocity: Tensor, times: Tensor, scheduler: DDIMScheduler) -> Tensor:
    """The clean latents that a velocity points to; at time 0 they are nearly the latents themselves."""
    alpha = scheduler.alphas_cumprod.to(latents.device)[times].view(-1, 1, 1, 1)
    return alpha.sqrt() * latents - (1 - alpha).sqrt() * velocity


def walk(latents: Tensor, velocity: Tensor, times: Tensor, scheduler: DDIMScheduler) -> Tensor:
    """One deterministic step of the grid down; from its last level to the clean latents.

    Song, Meng and Ermon, "Denoising diffusion implicit models", ICLR 2021, equation 12 with eta = 0.
    """
    alphas = scheduler.alphas_cumprod.to(latents.device)
    alpha = alphas[times].view(-1, 1, 1, 1)
    original = alpha.sqrt() * latents - (1 - alpha).sqrt() * velocity
    noise = alpha.sqrt() * velocity + (1 - alpha).sqrt() * latents
    below = times - len(alphas) // GRID
    alpha = torch.where(below >= 0, alphas[below.clamp(min=0)], torch.ones_like(alphas[0])).view(-1, 1, 1, 1)
    return alpha.sqrt() * original + (1 - alpha).sqrt() * noise


def consistency_loss(
    student: Denoiser, teacher: Denoiser, scheduler: DDIMScheduler, batch: Encoded, rng: np.random.Generator
) -> Tensor:
    """How far the clean latents seen from one level differ from those seen one guided step further down.

    Latent consistency distillation (Luo et al., "Latent consistency models", 2023) at a fixed guidance; the
    student is its own target, without an average, and errors are measured in the pseudo-Huber norm (Song and
    Dhariwal, "Improved techniques for training consistency models", ICLR 2024).
    """
    noise = seeded_noise(batch.latents, rng)
    stride = scheduler.config.num_train_timesteps // GRID
    times = (draw_times(batch, scheduler, rng) // stride + 1) * stride - 1
    noisy = scheduler.add_noise(batch.latents, noise, times)
    told = withhold(student, batch, rng)
    with torch.no_grad():
        with_prompt = predict(teacher, noisy, times, _retold(teacher, batch.tokens, told))
        without = predict(teacher, noisy, times, _retold(teacher, blank_tokens(teacher, batch), told))
        further = walk(noisy, without + GUIDANCE * (with_prompt - without), times, scheduler)
        below = times - stride
        seen = clean(
            further, predict(student, further, below.clamp(min=0), told), below.clamp(min=0), scheduler
        )
        wanted = torch.where((below >= 0).view(-1, 1, 1, 1), seen, further)
    guessed = clean(noisy, predict(student, noisy, times, told), times, scheduler)
    error = ((guessed - wanted).square() + HUBER**2).sqrt() - HUBER
    weight = 1 + (REGION_WEIGHT - 1) * batch.region
    return (error.mean(1, keepdim=True) * weight).sum() / weight.sum()


def _retold(model: Denoiser, tokens: Tensor, told: Conditions) -> Conditions:
    """The same structure with another text."""
    return Conditions(text=encode_text(model, tokens), controls=told.controls, context=told.context)


def train_few_steps(
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
    """Distil a trained denoiser into one for few steps; returns it in evaluation mode.

    Args:
        drawer: Draws training scenes.
        held_out: Draws scenes of patients that are not trained on, or None.
        vae: Encodes them.
        model: The trained denoiser: the teacher, and the first weights of the student, which it becomes.
        folder: Where state, curve and strip are kept.
        settings: Budget and rates.
        data: How scenes become batches.
        accelerator: The ranks.
        seed: Seed of every draw.
        max_steps: Stop after so many steps, for smoke runs.
    """
    device, rank, scheduler = accelerator.device, accelerator.process_index, build_scheduler()
    vae, model = vae.to(device).eval(), model.to(device)
    teacher = copy.deepcopy(model).requires_grad_(False).eval()
    held = held_out_scenes(held_out, vae, model, data, device, seed) if held_out else None
    draws = SceneDraws(drawer, vae, model.tokenizer, data, device=device, seed=seed + 1, rank=rank)

    def loss_of_step(step: int) -> Tensor:
        rng = np.random.default_rng((seed, 7, step, rank))
        return consistency_loss(model, teacher, scheduler, draws.batch(step, rng), rng)

    try:
        train(
            model, loss_of_step, settings, folder,
            title="few steps", accelerator=accelerator, max_steps=max_steps,
            draw_strip=None if held is None else lambda file: draw_strip(file, vae, model, held),
        )  # fmt: skip
    finally:
        draws.close()
    return model.eval()
