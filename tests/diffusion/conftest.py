"""Tiny checkpoints with random weights, in the layouts that the engine reads."""

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.training.starter.stages.text import build_tokenizer

BLOCKS = {"down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "block_out_channels": (16, 32)}
SHARED = {"layers_per_block": 1, "cross_attention_dim": 32, "attention_head_dim": 2, "norm_num_groups": 8}


def write_tiny_checkpoint(
    folder: Path, *, controlnets: int = 1, in_channels: int = 4, control_channels: int = 3, factor: int = 8
) -> Path:
    """An SD 1.5-layout folder of a few hundred kilobytes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        levels = {4: 3, 8: 4}[factor]
        AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=(8,) * levels,
            latent_channels=4,
            norm_num_groups=4,
            mid_block_add_attention=False,
        ).save_pretrained(folder / "vae")
        UNet2DConditionModel(
            in_channels=in_channels, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **BLOCKS, **SHARED
        ).save_pretrained(folder / "unet")
        for number in range(controlnets):
            net = ControlNetModel(
                conditioning_channels=control_channels,
                conditioning_embedding_out_channels=(8, 8, 8, 8)[:levels],
                **BLOCKS,
                **SHARED,
            )
            for zero in (net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding):
                for parameter in zero.parameters():
                    torch.nn.init.normal_(parameter, std=0.3)
            net.save_pretrained(folder / (f"controlnet_{number}" if number else "controlnet"))
        tokenizer = build_tokenizer(["chest radiograph, nodule"])
        tokenizer.save_pretrained(folder / "tokenizer")
        CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1,
                num_attention_heads=2, max_position_embeddings=32,
            )
        ).save_pretrained(folder / "text_encoder")  # fmt: skip
    DDIMScheduler(beta_schedule="scaled_linear", timestep_spacing="trailing").save_pretrained(
        folder / "scheduler"
    )
    return folder


@pytest.fixture(scope="session")
def sd15_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "sd15")


@pytest.fixture(scope="session")
def two_controlnets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "two", controlnets=2)


def write_starter_like(folder: Path) -> Path:
    """A tiny folder with the starter's layout: inpainting UNet, four control channels, factor 4."""
    return write_tiny_checkpoint(folder, in_channels=9, control_channels=len(CONTROL_NAMES), factor=4)


@pytest.fixture(scope="session")
def starter_like_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_starter_like(tmp_path_factory.mktemp("checkpoints") / "starter_like")
