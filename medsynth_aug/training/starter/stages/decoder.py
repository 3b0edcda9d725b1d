"""Stage two: the decoder alone, for sharper texture; the latents stay what the denoiser knows."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from diffusers import AutoencoderKL
from monai.losses import JukeboxLoss, PatchAdversarialLoss
from monai.networks.nets import PatchDiscriminator
from torch import Tensor, nn

from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.images.ahead import Ahead
from medsynth_aug.training.starter.images.radiographs import Radiograph
from medsynth_aug.training.starter.stages.autoencoder import draw_batch, reconstruction_loss, to_model_range
from medsynth_aug.training.starter.stages.loop import autocast, train
from medsynth_aug.training.starter.stages.state import LoopSettings

SPECTRUM_WEIGHT = 0.5
ADVERSARIAL_WEIGHT = 0.02
"""How much of the discriminator's gradient reaches the decoder."""


class _Reversed(torch.autograd.Function):
    """Identity whose gradient is turned round and scaled, so that one descent trains both opponents.

    Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation", ICML 2015.
    """

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        return values.view_as(values)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return -ADVERSARIAL_WEIGHT * gradients[0]


class _Opponents(nn.Module):
    """Decoder and discriminator as one module, so that one optimiser covers them."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.decoder, self.post_quant = vae.decoder, vae.post_quant_conv
        self.judge = PatchDiscriminator(
            spatial_dims=2, in_channels=1, channels=24, num_layers_d=3, norm="INSTANCE"
        )


def train_decoder(
    vae: AutoencoderKL,
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
    """Train the decoder on with the encoder frozen; returns the autoencoder in evaluation mode.

    To the loss on pixels and their differences come the amplitudes of the spectrum (Dhariwal et al.,
    "Jukebox", 2020) and a patch discriminator with hinge loss (Isola et al., CVPR 2017).

    Args:
        vae: The trained autoencoder.
        radiographs: What to train on.
        held_out: Other patients; without any, no held-out loss is logged.
        folder: Where state and curve are kept.
        settings: Budget and rates.
        accelerator: The ranks.
        batch_size: Crops a step.
        seed: Seed of every draw.
        workers: Processes that cut the crops ahead.
        max_steps: Stop after so many steps, for smoke runs.
    """
    device = accelerator.device
    vae.to(device).requires_grad_(False)
    with seeded_weights(seed):
        opponents = _Opponents(vae).to(device).requires_grad_(True)
    spectrum, adversary = JukeboxLoss(spatial_dims=2), PatchAdversarialLoss(criterion="hinge")

    crops = Ahead(partial(draw_batch, radiographs, (seed, 8, accelerator.process_index), batch_size), workers)
    held = draw_batch(held_out, (seed,), 32, 1) if held_out else None

    def decode(grey: Tensor) -> tuple[Tensor, Tensor]:
        batch = to_model_range(grey.to(device))
        with autocast(device):
            return vae.decode(vae.encode(batch).latent_dist.mean).sample.float(), batch

    def loss_of_step(step: int) -> Tensor:
        decoded, batch = decode(crops(step))
        grey, real = decoded.mean(1, keepdim=True), batch[:, :1]
        with autocast(device):
            fake_score = opponents.judge(_Reversed.apply(grey))[-1].float()
            real_score = opponents.judge(real)[-1].float()
        opposed = adversary(fake_score, target_is_real=False, for_discriminator=True) + adversary(
            real_score, target_is_real=True, for_discriminator=True
        )
        return reconstruction_loss(decoded, batch) + SPECTRUM_WEIGHT * spectrum(grey, real) + opposed

    @torch.no_grad()
    def held_out_loss() -> float:
        assert held is not None
        decoded, batch = decode(held)
        return float(
            reconstruction_loss(decoded, batch) + SPECTRUM_WEIGHT * spectrum(decoded[:, :1], batch[:, :1])
        )

    train(
        opponents, loss_of_step, settings, folder,
        title="decoder", accelerator=accelerator, max_steps=max_steps,
        held_out_loss=held_out_loss if held is not None else None,
    )  # fmt: skip
    crops.close()
    return vae.eval()
