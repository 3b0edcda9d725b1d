"""Outside the edit region every bit is the source's; inside, values stay in the value range."""

import numpy as np
import torch

from medsynth_aug.errors import ConformanceError
from medsynth_aug.synthesis import SourceImage, Synthesizer, SyntheticSample, real_source
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.synthesizers.asking import Painted, ask, bits, differing, named, paint
from medsynth_aug.testing.synthesizers.jobs import JobMaker, given_mask, phantom_source

FORMS = (
    (torch.uint8, 1, (113, 97), (0.0, 255.0)),
    (torch.uint8, 3, (96, 131), (16.0, 235.0)),
    (torch.uint16, 1, (131, 96), (0.0, 65535.0)),
    (torch.uint16, 3, (97, 113), (100.0, 4095.0)),
    (torch.int16, 1, (113, 97), (-1024.0, 3071.0)),
    (torch.int16, 3, (96, 131), (-200.0, 800.0)),
    (torch.float32, 1, (131, 96), (-1.0, 1.0)),
    (torch.float32, 3, (97, 113), (0.0, 1.0)),
)
"""Dtype, channels, height and width, value range."""

LEVELS = (0.04, 0.9)
"""Near the limits of the value range, as shares of it; a lesion reaches beyond one of them."""


def pixels_outside_the_edit_region_never_change(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Outside the edit region the image is the source bit for bit, in every dtype, size and value range."""
    for job, sample in _in_every_form(synthesizer, maker):
        assert job.source is not None
        outside = ~sample.edit_region.expand(sample.image.shape).numpy()
        spoilt = differing(sample.image, job.source.pixels) & outside
        if spoilt.any():
            raise ConformanceError(
                f"{named(job)}: {int(spoilt.sum())} of {int(outside.sum())} values outside the edit region "
                f"differ, first at (channel, row, column) {np.argwhere(spoilt)[0].tolist()}; select the "
                "source there, do not add to it"
            )


def images_keep_the_form_of_their_source(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """The image has dtype, size and channels of its source, equal channels, its value range and spacing."""
    for job, sample in _in_every_form(synthesizer, maker):
        source, image = job.source, sample.image
        assert source is not None
        given, wanted = (image.dtype, tuple(image.shape)), (source.pixels.dtype, tuple(source.pixels.shape))
        expect(given == wanted, f"{named(job)}: the image is {given[0]} {given[1]}")
        expect(
            image.device.type == "cpu", f"{named(job)}: the image lies on {image.device}; samples lie on cpu"
        )
        expect(not image.requires_grad, f"{named(job)}: the image requires a gradient; detach it")
        grey = bits(image)
        expect(bool((grey == grey[:1]).all()), f"{named(job)}: channels differ; change all of them equally")
        told = (sample.value_range, sample.spacing)
        expect(
            told == (source.value_range, source.spacing),
            f"{named(job)}: value_range and spacing of the sample are {told}, not those of its source",
        )


def values_stay_inside_the_value_range(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """No value of an image leaves its value range, even where the source lies at its limits."""
    jobs = [
        maker.job(synthesizer, _at_the_limit(dtype, shape, value_range, level), mask=given_mask(shape))
        for dtype, _, shape, value_range in FORMS
        for level in LEVELS
    ]
    results = list(zip(jobs, ask(synthesizer, jobs), strict=True))
    made = [(job, result) for job, result in results if isinstance(result, SyntheticSample)]
    expect(bool(made), f"{named(jobs[0])}: refused in every dtype and level, so nothing can be checked")
    for job, sample in made:
        assert job.source is not None
        low, high = job.source.value_range
        values = sample.image.numpy().astype(np.float64)
        lowest, highest = float(values.min()), float(values.max())
        expect(
            bool(np.isfinite(values).all()) and low <= lowest and highest <= high,
            f"{named(job)}: values from {lowest:g} to {highest:g} in a value range of ({low:g}, {high:g}); "
            "clip what was changed",
        )


def _in_every_form(synthesizer: Synthesizer, maker: JobMaker) -> list[Painted]:
    sources = [
        phantom_source(dtype, channels=channels, shape=shape, value_range=value_range)
        for dtype, channels, shape, value_range in FORMS
    ]
    return paint(synthesizer, [maker.job(synthesizer, source) for source in sources])


def _at_the_limit(
    dtype: torch.dtype, shape: tuple[int, int], value_range: tuple[float, float], level: float
) -> SourceImage:
    """The phantom with one level, as a share of the value range, where the mask will be."""
    source = phantom_source(dtype, shape=shape, value_range=value_range)
    low, high = value_range
    flat = torch.full((1, *shape), low + (high - low) * level).to(dtype)
    pixels = np.where(given_mask(shape).numpy(), flat.numpy(), source.pixels.numpy())
    return real_source(torch.from_numpy(pixels), value_range=value_range, spacing_mm=source.spacing)
