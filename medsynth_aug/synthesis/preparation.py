"""From a job to a drawing: check the pixels, find scale and anatomy, let the lesion's priors draw."""

from collections.abc import Callable

import numpy as np
import torch

from medsynth_aug.anatomy import assume_spacing
from medsynth_aug.errors import GridError, MedsynthError
from medsynth_aug.lesions.draw import Drawing, NoPlace, draw
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.synthesis.digest import seed_of
from medsynth_aug.synthesis.sample import Refusal
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import Job
from medsynth_aug.types import check_grid, check_image, to_grey


def prepare(job: Job, segment: Callable[[SourceImage], torch.Tensor]) -> tuple[Scene, Drawing] | Refusal:
    """Scene and drawing of a job, or the reason why there is none. Never raises for a bad job or prior.

    Args:
        job: What is asked, with its pixels.
        segment: Finds the lung fields where the job brings none.
    """
    try:
        if job.source is None or job.request.lesion is None:
            raise GridError("a whole image has no source to draw a lesion in")
        scene = _scene(job, job.source, segment)
        mask = None if job.mask is None else job.mask[0].numpy()
        rng = np.random.default_rng(seed_of(job.request.draw_digest, "prior"))
        drawing = draw(job.request.lesion, scene, rng, mask=mask, sham=job.request.purpose == "sham")
    except MedsynthError as problem:
        return Refusal(job.request, str(problem), final=True)
    except Exception as problem:  # a prior of the user's own; it must not take other jobs along
        told = f"a prior of {job.request.lesion_name} failed: {type(problem).__name__}: {problem}; correct it"
        return Refusal(job.request, told, final=True)
    if isinstance(drawing, NoPlace):
        return Refusal(job.request, drawing.reason, final=job.mask is not None)
    return scene, drawing


def _scene(job: Job, source: SourceImage, segment: Callable[[SourceImage], torch.Tensor]) -> Scene:
    check_image(source.pixels, source.value_range)
    if job.mask is not None:
        check_grid("mask", job.mask, source.pixels)
        if not bool(job.mask.any()):
            raise GridError("mask is empty; a lesion needs at least one pixel (only a sham has none)")
    if job.keep_mask is not None:
        check_grid("keep_mask", job.keep_mask, source.pixels)
    lungs = segment(source) if job.anatomy is None else job.anatomy
    check_grid("anatomy", lungs, source.pixels)
    if lungs.shape[0] != 2:
        raise GridError(f"anatomy is {tuple(lungs.shape)}; it is (2, H, W): right and left lung field")
    keep = np.zeros(source.pixels.shape[1:], bool) if job.keep_mask is None else job.keep_mask.any(0).numpy()
    return Scene(
        grey=to_grey(source.pixels, source.value_range),
        right_lung=lungs[0].numpy(),
        left_lung=lungs[1].numpy(),
        spacing=source.spacing or assume_spacing(lungs),
        keep=keep,
    )
