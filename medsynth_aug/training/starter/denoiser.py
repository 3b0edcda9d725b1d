"""Stage two: text encoder, inpainting UNet and ControlNet, trained together on latents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextModel, CLIPTokenizer

from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.errors import SettingError
from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.autoencoder import to_model_range
from medsynth_aug.training.starter.loop import LoopSettings, autocast, train
from medsynth_aug.training.starter.radiographs import Radiograph
from medsynth_aug.training.starter.scenes import TrainingScene, draw_scene, sampling_weights
from medsynth_aug.training.starter.text import build_text_encoder

REGION_WEIGHT = 5.0
"""Weight of the loss inside the region over that outside."""

NOISE_POWER = 2.0
"""Timesteps are drawn as T u^p: most of them low, because lesions are painted at strengths below one half."""

DROP_PROMPT, DROP_CONTROL, DROP_ALL_CONTROLS = 0.1, 0.15, 0.08
"""How often the prompt, each control image and all control images are withheld."""

Item = tuple[Radiograph, np.ndarray]


class Denoiser(nn.Module):
    """The three trained parts as one module, so that one optimiser and one average cover them."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        text_encoder: CLIPTextModel,
        unet: UNet2DConditionModel,
        controlnet: ControlNetModel,
    ) -> None:
        super().__init__()
        self.tokenizer, self.text_encoder = tokenizer, text_encoder
        self.unet, self.controlnet = unet, controlnet


def build_denoiser(tokenizer: CLIPTokenizer, *, seed: int) -> Denoiser:
    """An untrained denoiser for the vocabulary of `tokenizer`."""
    with seeded_weights(seed):
        text_encoder = build_text_encoder(tokenizer)
        unet = build_unet(cross_attention_dim=text_encoder.config.hidden_size)
        return Denoiser(tokenizer, text_encoder, unet, build_controlnet(unet))


def build_unet(*, cross_attention_dim: int) -> UNet2DConditionModel:
    """An untrained SD-style inpainting UNet: 4 noisy + 1 mask + 4 background latent channels in."""
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=9,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(64, 128, 192),
        layers_per_block=1,
        cross_attention_dim=cross_attention_dim,
        attention_head_dim=4,
        norm_num_groups=16,
    )


def build_controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    """An untrained ControlNet for `unet` with the four fixed control channels.

    `ControlNetModel.from_unet` would copy the UNet's nine input channels, but the stock inpainting pipeline
    feeds a ControlNet the four noisy ones: the model is built from the same configuration with four.
    """
    shared = ("down_block_types", "block_out_channels", "layers_per_block", "cross_attention_dim",
              "attention_head_dim", "norm_num_groups")  # fmt: skip
    return ControlNetModel(
        in_channels=4,
        conditioning_channels=len(CONTROL_NAMES),
        conditioning_embedding_out_channels=(16, 32, 64),
        **{name: unet.config[name] for name in shared},
    )


def build_scheduler() -> DDIMScheduler:
    """Velocity prediction with zero terminal signal-to-noise ratio and trailing steps.

    Lin et al., "Common diffusion noise schedules and sample steps are flawed", WACV 2024: what few-step
    sampling from pure noise needs to reach dark and bright images alike.
    """
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction",
        rescale_betas_zero_snr=True, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiserData:
    """How scenes are turned into batches.

    Args:
        size: Side of the scenes in pixels.
        batch_size: Scenes a step.
        scenes_per_draw: Scenes that are encoded at once, at least `batch_size`.
        passes_per_draw: How often they are trained on, with fresh noise, before the next are drawn; 1 where
            encoding is cheap next to training.

    Raises:
        SettingError: If a draw holds fewer scenes than a batch.
    """

    size: int = 128
    batch_size: int = 16
    scenes_per_draw: int = 256
    passes_per_draw: int = 3

    def __post_init__(self) -> None:
        if self.scenes_per_draw < self.batch_size:
            raise SettingError(
                f"scenes_per_draw is {self.scenes_per_draw}, less than batch_size {self.batch_size}; raise it"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Scenes as the model sees them: latents, background latents, region, controls and token ids."""

    latents: Tensor
    background: Tensor
    region: Tensor
    controls: Tensor
    tokens: Tensor

    def pick(self, index: Tensor) -> "Encoded":
        """Some of the scenes."""
        return Encoded(*(getattr(self, name)[index] for name in self.__slots__))


@torch.no_grad()
def encode_scenes(
    scenes: Sequence[TrainingScene], vae: AutoencoderKL, tokenizer: CLIPTokenizer, device: torch.device
) -> Encoded:
    """Latents of the scenes and of their backgrounds, whose region is set to mid grey as diffusers does."""
    grey = torch.from_numpy(np.stack([scene.grey for scene in scenes]))[:, None]
    region = torch.from_numpy(np.stack([scene.region for scene in scenes]))[:, None].float()
    pixels = to_model_range(grey)

    def encode(batch: Tensor) -> Tensor:
        parts = []
        for part in batch.split(32):
            with autocast(device):
                parts.append(vae.encode(part.to(device)).latent_dist.mean.float())
        return torch.cat(parts) * vae.config.scaling_factor

    latents = encode(pixels)
    tokens = tokenizer(
        [scene.prompt for scene in scenes], padding="max_length", truncation=True, return_tensors="pt"
    )
    return Encoded(
        latents=latents,
        background=encode(pixels * (region < 0.5)),
        region=F.interpolate(region, size=latents.shape[-2:]).to(device),
        controls=torch.from_numpy(np.stack([scene.controls for scene in scenes])).to(device),
        tokens=tokens.input_ids.to(device),
    )


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

    Without held-out items no held-out loss is logged.
    """
    vae, model, scheduler = vae.to(device).eval(), model.to(device), build_scheduler()
    steps_per_draw = data.scenes_per_draw * data.passes_per_draw // data.batch_size
    weights = sampling_weights([one for one, _ in items])
    drawn: dict[int, Encoded] = {}

    def scenes_of(draw: int) -> Encoded:
        if draw not in drawn:
            drawn.clear()
            rng = np.random.default_rng((seed, 3, draw))
            chosen = rng.choice(len(items), data.scenes_per_draw, p=weights)
            scenes = _draw_scenes(rng, items, chosen, data.size)
            drawn[draw] = encode_scenes(scenes, vae, model.tokenizer, device)
        return drawn[draw]

    def loss_of_step(step: int) -> Tensor:
        rng = np.random.default_rng((seed, 4, step))
        index = torch.from_numpy(rng.choice(data.scenes_per_draw, data.batch_size, replace=False))
        return velocity_loss(model, scheduler, scenes_of(step // steps_per_draw).pick(index.to(device)), rng)

    held = _held_out_scenes(held_out, vae, model, data, device, seed) if held_out else None

    @torch.no_grad()
    def held_out_loss() -> float:
        assert held is not None
        losses = [
            velocity_loss(model, scheduler, held.pick(part), np.random.default_rng((seed, 6, number)))
            for number, part in enumerate(torch.arange(len(held.latents)).split(data.batch_size))
        ]
        return float(torch.stack(losses).mean())

    train(
        model,
        loss_of_step,
        settings,
        folder,
        title="denoiser",
        held_out_loss=held_out_loss if held is not None else None,
        max_steps=max_steps,
    )
    return model.eval()


def _held_out_scenes(
    held_out: Sequence[Item], vae: AutoencoderKL, model: Denoiser, data: DenoiserData, device: torch.device,
    seed: int,
) -> Encoded:  # fmt: skip
    rng = np.random.default_rng((seed, 5))
    chosen = rng.choice(len(held_out), 4 * data.batch_size)
    scenes = _draw_scenes(rng, held_out, chosen, data.size)
    return encode_scenes(scenes, vae, model.tokenizer, device)


def _draw_scenes(
    rng: np.random.Generator, items: Sequence[Item], chosen: np.ndarray, size: int
) -> list[TrainingScene]:
    return [draw_scene(rng, items[int(index)][0], items[int(index)][1], size) for index in chosen]
