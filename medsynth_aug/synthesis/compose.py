"""From grey to native pixels: a change put into its source, which is kept outside it, or a whole image."""

from collections.abc import Mapping

import numpy as np
import torch

from medsynth_aug.errors import GridError
from medsynth_aug.lesions.draw import Drawing
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.synthesis.synthesizer import Job
from medsynth_aug.types import Grey, ValueRange, check_grid
from medsynth_aug.version import __version__


def blend(pixels: torch.Tensor, change: Grey, weight: Grey, value_range: ValueRange) -> torch.Tensor:
    """`pixels + weight * change`, computed in float32 and given back in the dtype of `pixels`.

    Args:
        pixels: `(C, H, W)` source; every channel gets the same change.
        change: `(H, W)` change in units of the value range (1 is all of it).
        weight: `(H, W)` in [0, 1]; where it is 0 the source is selected, bit for bit.
        value_range: Limits of the result where the weight is above 0.
    """
    delta = torch.from_numpy(weight * change * np.float32(value_range.high - value_range.low))
    changed = pixels.to(torch.float32) + delta
    low, high = value_range
    if not pixels.dtype.is_floating_point:
        changed = torch.round(changed)  # half to even
        limits = torch.iinfo(pixels.dtype)  # a stated range may be wider than the dtype
        low, high = max(low, limits.min), min(high, limits.max)
    changed = changed.clamp(low, high)
    touched = torch.from_numpy(weight > 0).expand(pixels.shape)
    return torch.where(touched, changed.to(pixels.dtype), pixels)


def compose(
    job: Job, scene: Scene, drawing: Drawing, edited: Grey, *, maker: str, timings: Mapping[str, float]
) -> SyntheticSample:
    """The sample of a job from its edited grey image.

    Args:
        job: What was asked.
        scene: The image as the priors saw it.
        drawing: What was drawn.
        edited: `(H, W)` grey with the lesion, in units of the value range.
        maker: Name of the synthesizer.
        timings: Seconds by stage.
    """
    source, lesion = job.source, job.request.lesion
    assert source is not None
    assert lesion is not None
    image = blend(source.pixels, edited - scene.grey, drawing.weight, source.value_range)
    provenance = {
        "maker": maker,
        "version": __version__,
        "lesion": lesion.name,
        "schematic": lesion.schematic,
        "side": drawing.site.side,
        "centre_px": [round(drawing.site.row, 1), round(drawing.site.column, 1)],
        "size_mm": round(drawing.size_mm, 2),
        "spacing_mm": [scene.spacing.row_mm, scene.spacing.column_mm],
        "spacing_assumed": source.spacing is None,
        "mask_given": job.mask is not None,
        "anatomy_given": job.anatomy is not None,
    }
    return SyntheticSample(
        request=job.request,
        image=image,
        mask=torch.from_numpy(drawing.mask)[None].clone(),
        edit_region=torch.from_numpy(drawing.edit_region)[None].clone(),
        value_range=source.value_range,
        spacing=source.spacing,
        provenance=provenance,
        timings=dict(timings),
    )


def compose_whole(job: Job, grey: Grey, *, maker: str, timings: Mapping[str, float]) -> SyntheticSample:
    """The sample of a job without a source from its whole grey image: every pixel is the engine's.

    Args:
        job: What was asked; its request has a canvas.
        grey: `(H, W)` of the canvas, in units of the value range.
        maker: Name of the synthesizer.
        timings: Seconds by stage.
    """
    canvas = job.request.canvas
    assert canvas is not None
    nothing = torch.zeros(1, canvas.height, canvas.width)
    image = blend(nothing + canvas.range.low, grey, np.ones_like(grey), canvas.range)
    if not canvas.torch_dtype.is_floating_point:
        image = image.round()  # half to even
    return SyntheticSample(
        request=job.request,
        image=image.to(canvas.torch_dtype),
        mask=torch.zeros(1, canvas.height, canvas.width, dtype=torch.bool),
        edit_region=torch.ones(1, canvas.height, canvas.width, dtype=torch.bool),
        value_range=canvas.range,
        spacing=canvas.spacing,
        provenance={"maker": maker, "version": __version__, "prompt": canvas.prompt, "anatomy_given": True},
        timings=dict(timings),
    )


def check_whole(job: Job, *, needs_anatomy: bool = True) -> None:
    """Check that the anatomy of a job without a source fits its canvas.

    Args:
        job: Without a source.
        needs_anatomy: Whether an anatomy without a pixel is an error.

    Raises:
        GridError: If it is absent, of another grid, or empty.
    """
    canvas = job.request.canvas
    assert canvas is not None
    if job.anatomy is None:
        raise GridError("a whole image needs an anatomy (2, H, W): right and left lung field")
    check_grid("anatomy", job.anatomy, torch.empty(1, canvas.height, canvas.width))
    if needs_anatomy and not bool(job.anatomy.any()):
        raise GridError("the anatomy is empty; a whole image is made from its lung fields")
