"""Stock diffusers as contenders: as its users call it, and with every speed-up that it offers for free."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from diffusers import StableDiffusionControlNetInpaintPipeline, UniPCMultistepScheduler
from PIL import Image

from medsynth_aug.benchmark.cases import Case
from medsynth_aug.benchmark.contender import STOCK, STOCK_BEST, STOCK_OUR_STEPS, Contender
from medsynth_aug.benchmark.settings import STOCK_GUIDANCE_SCALE, BenchmarkSettings
from medsynth_aug.conditioning import CONTROL_NAMES, ConditioningSettings, control_images
from medsynth_aug.errors import CheckpointError
from medsynth_aug.types import to_grey

Made = TypeVar("Made")


def stock_contenders(
    folder: Path, settings: BenchmarkSettings, *, device: torch.device, dtype: torch.dtype, our_steps: int
) -> list[Contender]:
    """Stock as called, as called at our steps, and at its best, each with weights of `folder`.

    Args:
        folder: A diffusers folder.
        settings: How many images and steps.
        device: Where it runs.
        dtype: Precision of stock at its best: ours.
        our_steps: Denoising steps of our engine.

    Raises:
        CheckpointError: If stock diffusers cannot load the folder.
    """
    plain, fast = load(folder, device, torch.float32), load(folder, device, dtype)
    fast.scheduler = UniPCMultistepScheduler.from_config(fast.scheduler.config)
    return [
        _as_called(STOCK, plain, settings.steps, settings.size),
        _as_called(STOCK_OUR_STEPS, plain, our_steps, settings.size),
        _at_its_best(fast, our_steps, settings),
    ]


def load(folder: Path, device: torch.device, dtype: torch.dtype) -> StableDiffusionControlNetInpaintPipeline:
    """The stock pipeline in one precision; left alone, transformers 5 loads its part as stored and mixes two.

    Raises:
        CheckpointError: If stock diffusers cannot load the folder.
    """
    try:
        pipeline = StableDiffusionControlNetInpaintPipeline.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, dtype=dtype
        )
    except (OSError, ValueError, TypeError) as problem:
        raise CheckpointError(
            f"stock diffusers cannot load {folder}: {problem}; the benchmark needs a diffusers folder with a "
            "ControlNet in safetensors"
        ) from problem
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def controls_of(case: Case, channels: int) -> torch.Tensor:
    """Control image `(1, channels, H, W)` in [0, 1]: ours if the channels are, else edges."""
    grey = to_grey(case.source.pixels, case.source.value_range)
    mask = case.mask[0].numpy().astype(np.float32)
    anatomy = case.anatomy.any(dim=0).numpy().astype(np.float32)
    stack = torch.from_numpy(control_images(grey, mask, anatomy, ConditioningSettings()))[None]
    return stack if channels == len(CONTROL_NAMES) else stack[:, :1].expand(1, channels, -1, -1).contiguous()


def _as_called(name: str, pipeline: Any, steps: int, size: int) -> Contender:
    """One image a call from pictures, with classifier-free guidance and the checkpoint's own scheduler."""
    inputs = _once(
        lambda case: (_picture(case.source.pixels[0]), _picture(255 * case.mask[0].to(torch.uint8)))
    )
    controls = _once(lambda case: _controls(pipeline, case, 1))

    def paint(case: Case, number: int) -> None:
        image, mask = inputs(case)
        pipeline(
            case.lesion.prompt, image=image, mask_image=mask, control_image=controls(case), height=size,
            width=size, num_inference_steps=steps, guidance_scale=STOCK_GUIDANCE_SCALE,
            generator=torch.Generator().manual_seed(number),
        )  # fmt: skip

    return _describe(name, pipeline, steps, STOCK_GUIDANCE_SCALE, 1, paint)


def _at_its_best(pipeline: Any, steps: int, settings: BenchmarkSettings) -> Contender:
    """Tensor batches, few steps of a fast scheduler, no guidance, our precision, tensors back."""
    count, size = settings.batch_size, settings.size
    controls = _once(lambda case: _controls(pipeline, case, count))
    inputs = _once(
        lambda case: (
            (case.source.pixels.float() / 255).expand(count, 3, size, size).contiguous(),
            case.mask.float().expand(count, 1, size, size).contiguous(),
        )
    )

    def paint(case: Case, number: int) -> None:
        image, mask = inputs(case)
        pipeline(
            [case.lesion.prompt] * count, image=image, mask_image=mask, control_image=controls(case),
            height=size, width=size, num_inference_steps=steps, guidance_scale=1.0, output_type="pt",
            generator=torch.Generator().manual_seed(number),
        )  # fmt: skip

    return _describe(STOCK_BEST, pipeline, steps, 1.0, count, paint)


def _describe(
    name: str,
    pipeline: Any,
    steps: int,
    guidance_scale: float,
    count: int,
    paint: Callable[[Case, int], None],
) -> Contender:
    return Contender(
        name=name, steps=steps, guidance_scale=guidance_scale, batch_size=count,
        dtype=str(pipeline.unet.dtype).removeprefix("torch."), scheduler=type(pipeline.scheduler).__name__,
        paint=paint,
    )  # fmt: skip


def _controls(pipeline: Any, case: Case, count: int) -> Any:
    """One tensor, or one for each of several ControlNets."""
    nets = getattr(pipeline.controlnet, "nets", None)
    tensors = [
        controls_of(case, net.config.conditioning_channels).repeat(count, 1, 1, 1)
        for net in nets or [pipeline.controlnet]
    ]
    return tensors if nets else tensors[0]


def _picture(grey: torch.Tensor) -> Image.Image:
    return Image.fromarray(grey.numpy()).convert("RGB")


def _once(make: Callable[[Case], Made]) -> Callable[[Case], Made]:
    """Makes the inputs of each case once, so that stock is not timed making them."""
    made: dict[str, Made] = {}

    def get(case: Case) -> Made:
        if case.name not in made:
            made[case.name] = make(case)
        return made[case.name]

    return get
