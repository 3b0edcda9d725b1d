"""Stage one: the autoencoder between grey pixels and four latent channels at a quarter of the size."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional as F

from medsynth_aug.training.seeded import seeded_noise, seeded_weights
from medsynth_aug.training.starter.images.ahead import Ahead
from medsynth_aug.training.starter.images.crops import draw_crops
from medsynth_aug.training.starter.images.radiographs import Radiograph
from medsynth_aug.training.starter.stages.loop import autocast, train
from medsynth_aug.training.starter.stages.state import LoopSettings

KL_WEIGHT = 1e-6
GRADIENT_WEIGHT = 1.0
CROP_SIZE = 128


def build_autoencoder() -> AutoencoderKL:
    """An untrained autoencoder: factor 4, 4 latent channels, under a million parameters."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 64, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=16,
        sample_size=256,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


def to_model_range(grey: Tensor) -> Tensor:
    """Grey `(B, 1, H, W)` in [0, 1] as the three equal channels in [-1, 1] that diffusers feeds a VAE."""
    return (2 * grey - 1).expand(-1, 3, -1, -1)


def reconstruction_loss(decoded: Tensor, original: Tensor) -> Tensor:
    """L1 on pixels plus L1 on their first differences, which keeps rib borders sharp."""
    loss = F.l1_loss(decoded, original)
    for axis in (-1, -2):
        loss = loss + GRADIENT_WEIGHT * F.l1_loss(decoded.diff(dim=axis), original.diff(dim=axis))
    return loss


def train_autoencoder(
    radiographs: Sequence[Radiograph],
    held_out: Sequence[Radiograph],
    folder: Path,
    settings: LoopSettings,
    *,
    accelerator: Accelerator,
    batch_size: int,
    seed: int,
    workers: int = 0,
    max_steps: int | None = None,
) -> AutoencoderKL:
    """Train on random crops and whole images; returns the averaged weights with `scaling_factor` set.

    Without held-out images no held-out loss is logged. `workers` processes cut the crops ahead.
    """
    device = accelerator.device
    with seeded_weights(seed):
        vae = build_autoencoder().to(device, memory_format=torch.channels_last)

    crops = Ahead(partial(draw_batch, radiographs, (seed, 0, accelerator.process_index), batch_size), workers)
    held = draw_batch(held_out, (seed,), 32, 1) if held_out else None

    def loss_on(grey: Tensor, rng: np.random.Generator) -> Tensor:
        batch = to_model_range(grey.to(device))
        with autocast(device):
            posterior = vae.encode(batch).latent_dist
            decoded = vae.decode(posterior.mean + posterior.std * seeded_noise(posterior.mean, rng)).sample
        kl = posterior.kl().mean() / batch[0, 0].numel()
        return reconstruction_loss(decoded.float(), batch) + KL_WEIGHT * kl

    @torch.no_grad()
    def held_out_loss() -> float:
        assert held is not None
        return float(loss_on(held, np.random.default_rng(seed + 1)))

    train(
        vae,
        lambda step: loss_on(crops(step), np.random.default_rng((seed, 9, step, accelerator.process_index))),
        settings,
        folder,
        title="autoencoder",
        accelerator=accelerator,
        held_out_loss=held_out_loss if held is not None else None,
        max_steps=max_steps,
    )
    crops.close()
    vae.register_to_config(scaling_factor=_measure_scaling(vae, radiographs, device, seed))
    return vae.eval()


def draw_batch(radiographs: Sequence[Radiograph], seed: Sequence[int], count: int, step: int) -> Tensor:
    """Crops `(count, 1, 128, 128)` float32 in [0, 1] of one step."""
    rng = np.random.default_rng((*seed, step))
    crops = draw_crops(rng, radiographs, count=count, size=CROP_SIZE, smallest=80, whole=0.15)
    return torch.from_numpy(crops)[:, None]


@torch.no_grad()
def _measure_scaling(
    vae: AutoencoderKL, radiographs: Sequence[Radiograph], device: torch.device, seed: int
) -> float:
    """One over the standard deviation of the latents, so that they enter diffusion with unit variance."""
    batches = draw_batch(radiographs, (seed,), 128, 1).split(16)
    means = [vae.encode(to_model_range(batch.to(device))).latent_dist.mean.float().cpu() for batch in batches]
    return 1 / float(torch.cat(means).std())
