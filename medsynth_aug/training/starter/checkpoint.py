"""The trained parts as one standard diffusers folder: written, and read again to train on."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionControlNetInpaintPipeline

from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.diffusion.checkpoint import load_checkpoint
from medsynth_aug.errors import CheckpointError
from medsynth_aug.training.starter.stages.networks import Denoiser, build_scheduler

SHARD_SIZE = "15MB"


def read_checkpoint(name: str | Path) -> tuple[AutoencoderKL, Denoiser]:
    """Autoencoder and denoiser in fp32 of a checkpoint that this recipe wrote.

    Args:
        name: "starter", a folder or a Hub id.

    Raises:
        UnknownCheckpointError: If there is nothing of that name.
        CheckpointError: If a part is missing, or its UNet or ControlNet takes other channels.
    """
    parts = load_checkpoint(name, dtype=torch.float32)
    channels = [one.config.conditioning_channels for one in parts.controlnets]
    if parts.unet.config.in_channels != 9 or channels != [len(CONTROL_NAMES)]:
        raise CheckpointError(
            f"{parts.folder} cannot be trained on: its UNet takes {parts.unet.config.in_channels} channels "
            f"and its ControlNets {channels}; this recipe trains 9 and [{len(CONTROL_NAMES)}]"
        )
    model = Denoiser(parts.tokenizer, parts.text_encoder, parts.unet, parts.controlnets[0])
    return parts.vae, model.requires_grad_(True).train()


def write_checkpoint(folder: Path, vae: AutoencoderKL, model: Denoiser) -> None:
    """Save everything in fp16 safetensors, so that stock diffusers loads the folder as it is."""
    pipeline = StableDiffusionControlNetInpaintPipeline(
        vae=vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        unet=model.unet,
        controlnet=model.controlnet,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True, max_shard_size=SHARD_SIZE)
    for part in ("vae", "unet", "controlnet"):
        _forget_origin(folder / part / "config.json")


def _forget_origin(config: Path) -> None:
    """Leave out the path that a part came from, which diffusers writes down: it names the user's folders."""
    held = json.loads(config.read_text())
    held.pop("_name_or_path", None)
    config.write_text(json.dumps(held, indent=2, sort_keys=True) + "\n")
