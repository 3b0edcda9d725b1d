"""Mask, edit region and box say the truth: of a lesion, of a sham, and of a whole image."""

import numpy as np
import torch

from medsynth_aug.errors import ConformanceError
from medsynth_aug.synthesis import Job, Refusal, Synthesizer, SyntheticSample
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.synthesizers.asking import ask, difference, differing, named, paint
from medsynth_aug.testing.synthesizers.jobs import CANVAS, JobMaker, given_mask

LEAST_SHARE_CHANGED = 0.1
"""Of the pixels of a mask; less is a label without a sign."""


def a_lesion_has_a_mask_inside_its_edit_region(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """A lesion has a mask of at least one pixel, and the edit region contains all of it."""
    for job, sample in paint(synthesizer, [maker.job(synthesizer, slot=str(slot)) for slot in range(3)]):
        _check_maps(job, sample)
        expect(bool(sample.mask.any()), f"{named(job)}: the mask is empty; refuse the job instead")
        beyond = int((sample.mask & ~sample.edit_region).sum())
        expect(beyond == 0, f"{named(job)}: {beyond} pixels of the mask lie outside the edit region")


def a_lesion_is_seen_where_its_mask_is(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Pixels inside the mask of a lesion differ from the source."""
    for job, sample in paint(synthesizer, [maker.job(synthesizer, slot=str(slot)) for slot in range(3)]):
        assert job.source is not None
        inside = sample.mask.numpy()
        changed = differing(sample.image, job.source.pixels) & inside
        share = float(changed.sum() / max(1, inside.sum()))
        expect(
            share >= LEAST_SHARE_CHANGED,
            f"{named(job)}: {share:.0%} of the pixels in the mask changed; its label would stand "
            "without a sign",
        )


def a_sham_has_a_region_and_no_lesion(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """A sham has an edit region, an empty mask and no box, and keeps its background too."""
    jobs = [maker.job(synthesizer, slot=str(slot), purpose="sham") for slot in range(2)]
    jobs.append(maker.job(synthesizer, mask=given_mask(), purpose="sham"))
    for job, sample in paint(synthesizer, jobs):
        assert job.source is not None
        _check_maps(job, sample)
        expect(not bool(sample.mask.any()), f"{named(job)}: its mask has pixels; a sham has no lesion")
        expect(sample.box is None, f"{named(job)}: it has a box; a sham has no lesion")
        expect(bool(sample.edit_region.any()), f"{named(job)}: its edit region is empty; it edits nothing")
        spoilt = differing(sample.image, job.source.pixels) & ~sample.edit_region.numpy()
        expect(not spoilt.any(), f"{named(job)}: {int(spoilt.sum())} pixels outside its edit region differ")


def the_box_is_that_of_the_mask(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """The box is the smallest half-open one round the mask: (x0, y0, x1, y1)."""
    jobs = [maker.job(synthesizer, slot=str(slot)) for slot in range(2)]
    for job, sample in paint(synthesizer, [*jobs, maker.job(synthesizer, mask=given_mask())]):
        _, rows, columns = np.nonzero(sample.mask.numpy())
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        told = None if sample.box is None else tuple(sample.box)
        expect(told == box, f"{named(job)}: the box is {told} but the mask spans {box}")


def a_whole_image_fills_its_canvas_or_is_refused(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """A job without a source gives an image as its canvas asks, by its seed alone, or a refusal."""
    jobs = [maker.whole(synthesizer), maker.whole(synthesizer), maker.whole(synthesizer, seed=1)]
    results = ask(synthesizer, jobs)
    samples = [result for result in results if isinstance(result, SyntheticSample)]
    if len(samples) < len(jobs):
        reasons = [result.reason.strip() for result in results if isinstance(result, Refusal)]
        expect(not samples, "of three whole images, equal but for their seeds, some are refused")
        expect(all(reasons), "a whole image is refused without a reason")
        return
    for job, sample in zip(jobs, samples, strict=True):
        _check_canvas(job, sample)
    found = difference(samples[0], samples[1])
    expect(not found, f"{named(jobs[0])}: the same request twice: {found}")
    expect(bool(difference(samples[0], samples[2])), f"{named(jobs[2])}: another seed gives the same image")


def _check_canvas(job: Job, sample: SyntheticSample) -> None:
    _check_maps(job, sample)
    image = sample.image.numpy().astype(np.float64)
    form = (sample.image.dtype, tuple(sample.image.shape[-2:]))
    expect(
        form == (CANVAS.torch_dtype, (CANVAS.height, CANVAS.width)),
        f"{named(job)}: it is {form[0]} {form[1]}, not as its canvas asks",
    )
    told = (sample.value_range, sample.spacing)
    expect(told == (CANVAS.range, CANVAS.spacing), f"{named(job)}: value_range and spacing are {told}")
    low, high = CANVAS.value_range
    expect(
        bool(low <= image.min() < image.max() <= high),
        f"{named(job)}: values from {image.min():g} to {image.max():g} on a canvas of ({low:g}, {high:g})",
    )
    whole = bool(sample.edit_region.all()) and not bool(sample.mask.any())
    expect(whole, f"{named(job)}: its edit region is everything and its mask is empty, but not here")


def _check_maps(job: Job, sample: SyntheticSample) -> None:
    grid = tuple(sample.image.shape[-2:])
    for name in ("mask", "edit_region"):
        map_ = getattr(sample, name)
        if map_.dtype != torch.bool or tuple(map_.shape) != (1, *grid):
            raise ConformanceError(
                f"{named(job)}: {name} is {map_.dtype} {tuple(map_.shape)}; give bool {(1, *grid)}"
            )
