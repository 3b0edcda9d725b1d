"""Write the trained parts as one standard diffusers folder."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionControlNetInpaintPipeline

from medsynth_aug.training.starter.denoiser import Denoiser, build_scheduler

SHARD_SIZE = "15MB"


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
