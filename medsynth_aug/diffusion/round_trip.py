"""The autoencoder's round trip of a whole image: what a checkpoint loses where it changes nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from medsynth_aug.diffusion.checkpoint import find_checkpoint
from medsynth_aug.diffusion.device import pick_device
from medsynth_aug.types import Grey

TILE_MULTIPLE = 64
"""Images are continued to a multiple of this, which every SD-layout autoencoder takes."""


def load_round_trip(name: str | Path = "starter", *, device: str = "auto") -> Callable[[Grey], Grey]:
    """A function that encodes and decodes a grey image `(H, W)` in [0, 1] in fp32.

    Args:
        name: "starter", a diffusers folder or a Hub id.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        UnknownCheckpointError: If there is nothing of that name.
        DeviceError: If the device is not there.
    """
    place = pick_device(device)
    vae = AutoencoderKL.from_pretrained(
        find_checkpoint(name) / "vae", use_safetensors=True, torch_dtype=torch.float32
    )
    vae = vae.to(place).eval().requires_grad_(False)

    @torch.inference_mode()
    def round_trip(grey: Grey) -> Grey:
        height, width = grey.shape
        padding = [(0, -side % TILE_MULTIPLE) for side in (height, width)]
        pixels = torch.from_numpy(np.pad(grey, padding, mode="edge"))[None, None].to(place)
        latents = vae.encode((2 * pixels - 1).expand(-1, 3, -1, -1)).latent_dist.mean
        decoded = vae.decode(latents).sample.mean(1)[0].cpu().numpy()
        return np.clip((decoded[:height, :width] + 1) / 2, 0, 1).astype(np.float32)

    return round_trip
