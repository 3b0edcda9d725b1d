"""A whole image from its anatomy alone: coarse first, then finer, every pixel decoded."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from medsynth_aug.conditioning import CONTROL_NAMES, AttenuationDepth, resample
from medsynth_aug.diffusion.appearance import IMAGE_SIDE, AppearancePrior
from medsynth_aug.diffusion.controls import control_scales, route_controls
from medsynth_aug.diffusion.painter import Painter
from medsynth_aug.diffusion.sampler import LatentBatch, denoise
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.compose import check_whole
from medsynth_aug.synthesis.digest import seed_of
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.synthesizer import DenoisingStep, Job, OnStep
from medsynth_aug.types import Grey

START_STRENGTH = 0.45
"""Share of the noise schedule that the first size runs from a draw of the appearance prior."""

REFINE_STRENGTH = 0.3
"""Share of the noise schedule that every size after the first one runs: structure stays, detail is added."""


LAYOUT_BLUR = 1 / 16
"""Width of the blur of the layout over the image's side: what the appearance prior knows, and no more."""


@dataclass(frozen=True, slots=True, eq=False)
class WholeJob:
    """One whole image to be made.

    Args:
        request: What is asked; it has a canvas.
        anatomy: `(S, S)` float32, lung fields letterboxed into a square of the canvas' longer side, 0 or 1.
        scales: Weight of each ControlNet.
    """

    request: SynthesisRequest
    anatomy: Grey
    scales: tuple[float, ...]


def prepare_whole(job: Job, controlnets: int) -> WholeJob:
    """The job on a square grid.

    Raises:
        GridError: If the anatomy does not fit the canvas.
        SettingError: If a strength is stated, or weights for another number of ControlNets.
    """
    check_whole(job)
    assert job.anatomy is not None
    if job.request.sampling.strength is not None:
        raise SettingError("a whole image has nothing to keep, so it takes no strength; leave it out")
    lungs = job.anatomy.any(0).numpy().astype(np.float32)
    scales = control_scales(job.request.conditioning.controlnet_conditioning_scale, controlnets)
    return WholeJob(job.request, _letterbox(lungs), scales)


@torch.inference_mode()
def paint_whole(
    painter: Painter, jobs: Sequence[WholeJob], sizes: Sequence[int], on_step: OnStep | None
) -> tuple[list[Grey], float]:
    """Grey images `(H, W)` on the canvases of the jobs, not clipped, and the seconds a job.

    The first size is denoised from a draw of the checkpoint's appearance prior noised to `START_STRENGTH`
    (from pure noise without a prior); every further one starts from the result before, resampled and noised
    to `REFINE_STRENGTH`: a cascade in one model (Ho et al., "Cascaded diffusion models", JMLR 2022; Meng et
    al., "SDEdit", ICLR 2022).

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
    prior = painter.checkpoint.appearance
    strength = 1.0 if prior is None else START_STRENGTH
    grey = np.stack([_start(job, prior) for job in padded])
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


def _start(job: WholeJob, prior: AppearancePrior | None) -> Grey:
    if prior is None:
        return np.full((IMAGE_SIDE, IMAGE_SIDE), 0.5, np.float32)
    chance = np.random.default_rng(seed_of(job.request.draw_digest, "appearance"))
    return prior.draw(job.anatomy, _prompt(job), chance)


def _batch(painter: Painter, jobs: Sequence[WholeJob], grey: Grey) -> LatentBatch:
    size = grey.shape[-1]
    start = painter.encode(painter.to_device(grey[:, None]))
    blank = painter.encode(painter.to_device(np.full((1, 1, size, size), 0.5, np.float32)))
    stack = torch.zeros(len(jobs), len(CONTROL_NAMES), size, size)
    for number, job in enumerate(jobs):
        lungs = cv2.resize(job.anatomy, (size, size), interpolation=cv2.INTER_AREA) > 0.5
        stack[number, CONTROL_NAMES.index("anatomy")] = torch.from_numpy(lungs)
        if painter.checkpoint.appearance is not None:
            layout = AttenuationDepth(smoothness_px=LAYOUT_BLUR * size)(grey[number])
            stack[number, CONTROL_NAMES.index("depth")] = torch.from_numpy(layout)
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


def _prompt(job: WholeJob) -> str:
    assert job.request.canvas is not None
    return job.request.canvas.prompt


def _letterbox(map_: Grey) -> Grey:
    top, left, side = _place(*map_.shape)
    square = np.zeros((side, side), np.float32)
    square[top : top + map_.shape[0], left : left + map_.shape[1]] = map_
    return square


def _canvas_of(square: Grey, request: SynthesisRequest) -> Grey:
    canvas = request.canvas
    assert canvas is not None
    top, left, side = _place(canvas.height, canvas.width)
    return resample(square, (side, side))[top : top + canvas.height, left : left + canvas.width]


def _place(height: int, width: int) -> tuple[int, int, int]:
    side = max(height, width)
    return (side - height) // 2, (side - width) // 2, side
