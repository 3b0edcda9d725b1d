"""The networks of the denoiser, untrained, and the noise schedule that they are trained for."""

from diffusers import ControlNetModel, DDIMScheduler, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.stages.text import build_text_encoder


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
