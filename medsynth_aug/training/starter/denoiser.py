"""Stage two: text encoder, inpainting UNet and ControlNet, trained together on latents."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from torch import Tensor

from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.training.starter.draws import DenoiserData, Encoded, Item, SceneDraws, encode_scenes
from medsynth_aug.training.starter.loop import LoopSettings, autocast, train
from medsynth_aug.training.starter.networks import Denoiser, build_scheduler
from medsynth_aug.training.starter.scenes import draw_scene

REGION_WEIGHT = 5.0
"""Weight of the loss inside the region over that outside."""

NOISE_POWER = 2.0
"""Timesteps are drawn as T u^p: most of them low, because lesions are painted at strengths below one half."""

DROP_PROMPT, DROP_CONTROL, DROP_ALL_CONTROLS = 0.1, 0.15, 0.08
"""How often the prompt, each control image and all control images are withheld."""


def velocity_loss(
    model: Denoiser, scheduler: DDIMScheduler, batch: Encoded, rng: np.random.Generator
) -> Tensor:
    """Squared error of the velocity, weighted towards the region, with conditions withheld at random.

    Salimans and Ho, "Progressive distillation for fast sampling of diffusion models", ICLR 2022.
    """
    device, count = batch.latents.device, len(batch.latents)
    noise = torch.from_numpy(rng.standard_normal(batch.latents.shape, np.float32)).to(device)
    share = rng.random(count) ** NOISE_POWER
    times = torch.from_numpy((share * scheduler.config.num_train_timesteps).astype(np.int64)).to(device)
    noisy = scheduler.add_noise(batch.latents, noise, times)
    keep = rng.random((count, len(CONTROL_NAMES))) >= DROP_CONTROL
    keep &= rng.random((count, 1)) >= DROP_ALL_CONTROLS
    controls = batch.controls.float() / 255 * torch.from_numpy(keep).float().to(device)[..., None, None]
    empty = torch.from_numpy(rng.random(count) < DROP_PROMPT).to(device)
    blank = torch.full_like(batch.tokens, model.tokenizer.eos_token_id)
    blank[:, 0] = model.tokenizer.bos_token_id
    with autocast(device):
        text = model.text_encoder(torch.where(empty[:, None], blank, batch.tokens))[0]
        down, middle = model.controlnet(
            noisy, times, encoder_hidden_states=text, controlnet_cond=controls, return_dict=False
        )
        predicted = model.unet(
            torch.cat([noisy, batch.region, batch.background], 1), times, encoder_hidden_states=text,
            down_block_additional_residuals=down, mid_block_additional_residual=middle, return_dict=False,
        )[0]  # fmt: skip
    wanted = scheduler.get_velocity(batch.latents, noise, times)
    error = (predicted.float() - wanted).square().mean(1, keepdim=True)
    weight = 1 + (REGION_WEIGHT - 1) * batch.region
    return (error * weight).sum() / weight.sum()


def train_denoiser(
    items: Sequence[Item],
    held_out: Sequence[Item],
    vae: AutoencoderKL,
    model: Denoiser,
    folder: Path,
    settings: LoopSettings,
    data: DenoiserData,
    *,
    device: torch.device,
    seed: int,
    max_steps: int | None = None,
) -> Denoiser:
    """Train the denoiser; returns it with averaged weights, in evaluation mode.

    Without held-out items no held-out loss is logged. On CUDA the networks are compiled.
    """
    vae, model, scheduler = vae.to(device).eval(), model.to(device), build_scheduler()
    if device.type == "cuda":
        for network in (model.unet, model.controlnet):
            network.compile()
    held = _held_out_scenes(held_out, vae, model, data, device, seed) if held_out else None
    draws = SceneDraws(items, vae, model.tokenizer, data, device=device, seed=seed)

    def loss_of_step(step: int) -> Tensor:
        rng = np.random.default_rng((seed, 4, step))
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
            held_out_loss=held_out_loss if held is not None else None,
            max_steps=max_steps,
        )
    finally:
        draws.close()
    return model.eval()


def _held_out_scenes(
    held_out: Sequence[Item], vae: AutoencoderKL, model: Denoiser, data: DenoiserData, device: torch.device,
    seed: int,
) -> Encoded:  # fmt: skip
    rng = np.random.default_rng((seed, 5))
    chosen = rng.choice(len(held_out), 4 * data.batch_size)
    scenes = [draw_scene(rng, *held_out[int(index)], data.size) for index in chosen]
    return encode_scenes(scenes, vae, model.tokenizer, device)
