"""A whole image from its anatomy alone: coarse first, then finer, every pixel decoded."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from medsynth_aug.anatomy.rib_cage import draw_rib_cage
from medsynth_aug.conditioning import CONTROL_NAMES, control_images, resample
from medsynth_aug.diffusion.checkpoint import Checkpoint
from medsynth_aug.diffusion.controls import control_scales, route_controls
from medsynth_aug.diffusion.painter import Painter
from medsynth_aug.diffusion.sampler import LatentBatch, denoise
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.compose import check_whole
from medsynth_aug.synthesis.digest import seed_of
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.synthesizer import DenoisingStep, Job, OnStep
from medsynth_aug.types import BoolMap, Grey

START_STRENGTH = 0.6
"""Share of the noise schedule that the first size runs from a draw of the appearance prior."""

REFINE_STRENGTH = 0.3
"""Share of the noise schedule that every size after the first one runs: structure stays, detail is added."""

RIB_CONTRAST = (0.06, 0.11)
"""How much brighter a rib is than what lies behind it, in units of the value range."""


@dataclass(frozen=True, slots=True, eq=False)
class WholeJob:
    """One whole image to be made.

    Args:
        request: What is asked; it has a canvas.
        anatomy: `(2, S, S)` bool, lung fields letterboxed into a square of the canvas' longer side.
        scales: Weight of each ControlNet.
    """

    request: SynthesisRequest
    anatomy: BoolMap
    scales: tuple[float, ...]


def prepare_whole(job: Job, controlnets: int, *, needs_anatomy: bool = True) -> WholeJob:
    """The job on a square grid.

    Args:
        job: Without a source.
        controlnets: How many the checkpoint has.
        needs_anatomy: Whether an anatomy without a pixel is an error.

    Raises:
        GridError: If the anatomy does not fit the canvas.
        SettingError: If a strength is stated, or weights for another number of ControlNets.
    """
    check_whole(job, needs_anatomy=needs_anatomy)
    assert job.anatomy is not None
    if job.request.sampling.strength is not None:
        raise SettingError("a whole image has nothing to keep, so it takes no strength; leave it out")
    scales = control_scales(job.request.conditioning.controlnet_conditioning_scale, controlnets)
    return WholeJob(job.request, _letterbox(job.anatomy.numpy()), scales)


@torch.inference_mode()
def paint_whole(
    painter: Painter, jobs: Sequence[WholeJob], sizes: Sequence[int], on_step: OnStep | None
) -> tuple[list[Grey], float]:
    """Grey images `(H, W)` on the canvases of the jobs, not clipped, and the seconds a job.

    The first size is denoised from a draw of the checkpoint's appearance prior, with a schematic rib cage,
    noised to `START_STRENGTH` and guided by its edges (from pure noise without a prior); every further one
    starts from the result before, resampled and noised to `REFINE_STRENGTH`: a cascade in one model (Ho et
    al., "Cascaded diffusion models", JMLR 2022; Meng et al., "SDEdit", ICLR 2022).

    Args:
        painter: Holds the models.
        jobs: At most as many as its batches, of one sampling setting.
        sizes: Sides in pixels, rising.
        on_step: Called after each denoising step.
    """
    began = time.perf_counter()
    padded = [*jobs, *[jobs[-1]] * (painter.batch_size - len(jobs))]
    digests = tuple(job.request.digest for job in jobs)
    steps = jobs[0].request.sampling.num_inference_steps
    strength = 1.0 if painter.checkpoint.appearance is None else START_STRENGTH
    grey = np.stack([_start(job, painter.checkpoint, sizes[0]) for job in padded])
    for number, size in enumerate(sizes):
        grey = np.stack([resample(one, (size, size)) for one in grey])

        def report(step: int, total: int, done: int = number * steps) -> None:
            if on_step is not None:
                on_step(DenoisingStep(digests, done + step, len(sizes) * steps))

        latents = denoise(
            painter.checkpoint, _batch(painter, padded, grey), jobs[0].request.sampling,
            strength=strength if number == 0 else REFINE_STRENGTH, scales=jobs[0].scales, on_step=report,
        )  # fmt: skip
        grey = painter.decode(latents).numpy()
    results = [_canvas_of(one, job.request) for one, job in zip(grey, jobs, strict=False)]
    return results, (time.perf_counter() - began) / len(jobs)


def _start(job: WholeJob, checkpoint: Checkpoint, size: int) -> Grey:
    """What is denoised first, `(size, size)`: a layout, with ribs in a chest; mid grey without a prior."""
    if checkpoint.appearance is None:
        return np.full((size, size), 0.5, np.float32)
    chance = np.random.default_rng(seed_of(job.request.draw_digest, "appearance"))
    lungs = np.stack([_resized(side, size) for side in job.anatomy])
    both = np.asarray(lungs.any(0), np.float32)
    layout = checkpoint.appearance.draw(both, _prompt(job), chance)
    layout = resample(layout, (size, size))
    if checkpoint.anatomy == "lungs":
        layout = layout + np.float32(chance.uniform(*RIB_CONTRAST)) * draw_rib_cage(lungs, chance)
    return np.clip(layout, 0, 1).astype(np.float32)


def _batch(painter: Painter, jobs: Sequence[WholeJob], grey: Grey) -> LatentBatch:
    size = grey.shape[-1]
    start = painter.encode(painter.to_device(grey[:, None]))
    blank = painter.encode(painter.to_device(np.full((1, 1, size, size), 0.5, np.float32)))
    stack = torch.from_numpy(np.stack([_controls(painter, *pair) for pair in zip(jobs, grey, strict=True)]))
    return LatentBatch(
        start=start,
        noise=torch.stack([painter.noise(job.request, start.shape[1:]) for job in jobs]),
        generators=[painter.generator(job.request, "steps") for job in jobs],
        background=blank.expand_as(start),
        region=torch.ones_like(start[:, :1]),
        controls=route_controls(stack.to(painter.device, painter.dtype), painter.assigned),
        prompt_embeds=painter.prompts([_prompt(job) for job in jobs]),
        negative_embeds=painter.prompts([""] * len(jobs)),
    )


def _controls(painter: Painter, job: WholeJob, grey: Grey) -> np.ndarray:
    """Control images of what is denoised; of mid grey only the anatomy says anything."""
    nothing = np.zeros_like(grey)
    lungs = _resized(np.asarray(job.anatomy.any(0)), grey.shape[0]).astype(np.float32)
    stack = control_images(grey, nothing, lungs, job.request.conditioning, depth_model=painter.depth_model)
    if painter.checkpoint.appearance is None:
        stack[[CONTROL_NAMES.index("canny"), CONTROL_NAMES.index("depth")]] = 0
    return stack


def _prompt(job: WholeJob) -> str:
    assert job.request.canvas is not None
    return job.request.canvas.prompt


def _resized(map_: BoolMap, size: int) -> BoolMap:
    shrunk = cv2.resize(map_.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk > 0.5)


def _letterbox(maps: BoolMap) -> BoolMap:
    count, height, width = maps.shape
    top, left, side = _place(height, width)
    square = np.zeros((count, side, side), bool)
    square[:, top : top + height, left : left + width] = maps
    return square


def _canvas_of(square: Grey, request: SynthesisRequest) -> Grey:
    canvas = request.canvas
    assert canvas is not None
    top, left, side = _place(canvas.height, canvas.width)
    return resample(square, (side, side))[top : top + canvas.height, left : left + canvas.width]


def _place(height: int, width: int) -> tuple[int, int, int]:
    side = max(height, width)
    return (side - height) // 2, (side - width) // 2, side
