"""The loss of the denoiser: what the networks are told, what they predict, and how far off it is."""

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DDIMScheduler
from torch import Tensor
from torch.nn import functional as F

from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.training.seeded import seeded_noise
from medsynth_aug.training.starter.images.draws import Encoded
from medsynth_aug.training.starter.stages.loop import autocast
from medsynth_aug.training.starter.stages.networks import Denoiser

REGION_WEIGHT = 5.0
"""Weight of the loss inside the region over that outside."""

NOISE_POWER = 2.0
"""Timesteps are drawn as T u^p: most of them low, because lesions are painted at strengths below one half.
Whole images from anatomy alone start from pure noise, and are learned at all levels alike."""

SCALES = (1, 2, 4, 8)
"""Block sizes over which the error is averaged before it is squared; each weighs as much as its size."""

DROP_PROMPT, DROP_CONTROL, DROP_ALL_CONTROLS = 0.1, 0.15, 0.08
"""How often the prompt, each control image and all control images are withheld."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """What the networks are told beside the noisy latents, after some of it was withheld.

    Args:
        text: `(B, T, D)` embeddings.
        controls: `(B, K, H, W)` in [0, 1].
        context: `(B, 5, h, w)`, region and background latents.
    """

    text: Tensor
    controls: Tensor
    context: Tensor


def predict(model: Denoiser, noisy: Tensor, times: Tensor, conditions: Conditions) -> Tensor:
    """Velocity `(B, 4, h, w)` in float32, computed in bf16."""
    with autocast(noisy.device):
        down, middle = model.controlnet(
            noisy, times, encoder_hidden_states=conditions.text, controlnet_cond=conditions.controls,
            return_dict=False,
        )  # fmt: skip
        velocity = model.unet(
            torch.cat([noisy, conditions.context], 1), times, encoder_hidden_states=conditions.text,
            down_block_additional_residuals=down, mid_block_additional_residual=middle, return_dict=False,
        )[0]  # fmt: skip
    return velocity.float()


def withhold(model: Denoiser, batch: Encoded, rng: np.random.Generator) -> Conditions:
    """The conditions of a batch, of which prompts and control images are left out at random."""
    device, count = batch.latents.device, len(batch.latents)
    keep = rng.random((count, len(CONTROL_NAMES))) >= DROP_CONTROL
    keep &= rng.random((count, 1)) >= DROP_ALL_CONTROLS
    kept = torch.from_numpy(keep).to(device) | batch.from_anatomy[:, None]
    empty = torch.from_numpy(rng.random(count) < DROP_PROMPT).to(device)
    return Conditions(
        text=encode_text(model, torch.where(empty[:, None], blank_tokens(model, batch), batch.tokens)),
        controls=batch.controls.float() / 255 * kept.float()[..., None, None],
        context=torch.cat([batch.region, batch.background], 1),
    )


def encode_text(model: Denoiser, tokens: Tensor) -> Tensor:
    """Embeddings `(B, T, D)` of token ids."""
    with autocast(tokens.device):
        return model.text_encoder(tokens)[0]


def blank_tokens(model: Denoiser, batch: Encoded) -> Tensor:
    """Token ids of the empty prompt, one a scene."""
    blank = torch.full_like(batch.tokens, model.tokenizer.eos_token_id)
    blank[:, 0] = model.tokenizer.bos_token_id
    return blank


def draw_times(batch: Encoded, scheduler: DDIMScheduler, rng: np.random.Generator) -> Tensor:
    """A timestep for each scene, by its kind."""
    share = torch.from_numpy(rng.random(len(batch.latents))).to(batch.latents.device)
    share = torch.where(batch.from_anatomy, share, share**NOISE_POWER)
    return (share * scheduler.config.num_train_timesteps).long()


def velocity_loss(
    model: Denoiser, scheduler: DDIMScheduler, batch: Encoded, rng: np.random.Generator
) -> Tensor:
    """Squared error of the velocity at several scales, with conditions withheld at random.

    Salimans and Ho, "Progressive distillation for fast sampling of diffusion models", ICLR 2022.
    """
    noise = seeded_noise(batch.latents, rng)
    times = draw_times(batch, scheduler, rng)
    noisy = scheduler.add_noise(batch.latents, noise, times)
    predicted = predict(model, noisy, times, withhold(model, batch, rng))
    return multiscale_error(predicted - scheduler.get_velocity(batch.latents, noise, times), batch.region)


def multiscale_error(error: Tensor, region: Tensor) -> Tensor:
    """Mean square of an error, and of its averages over blocks, weighted towards the region.

    The fine texture of latents cannot be foretold and makes most of a plain square error; averaged over
    blocks it cancels, and what is left is contrast that would fade and structure that would be lost.
    Hoogeboom, Heek and Salimans, "simple diffusion", ICML 2023, section 3.3, whose weights these are.

    Args:
        error: `(B, 4, h, w)`.
        region: `(B, 1, h, w)`, 1 inside.
    """
    weight = 1 + (REGION_WEIGHT - 1) * region
    total = error.new_zeros(())
    for scale in SCALES:
        coarse, share = F.avg_pool2d(error, scale), F.avg_pool2d(weight, scale)
        total = total + scale * (coarse.square().mean(1, keepdim=True) * share).sum() / share.sum()
    return total
