"""Synthesizers that change what they were not to change of an image."""

from typing import Any

import torch

from medsynth_aug.synthesis import SyntheticSample
from medsynth_aug.types import ValueRange
from tests.testing.altered import Mutant, one_pixel, only_painted, with_parts


def beyond_the_range(job: Any, sample: SyntheticSample) -> torch.Tensor:
    low, high = job.source.value_range
    lifted = sample.image.double() + 0.2 * (high - low)
    return torch.where(sample.edit_region, lifted, sample.image.double()).to(sample.image.dtype)


def one_channel(job: Any, image: torch.Tensor) -> torch.Tensor:
    image[-1, 60, 40] = float(job.source.value_range.low)
    return image


MUTANTS: list[Mutant] = [
    (
        "pixels_outside_the_edit_region_never_change",
        only_painted(one_pixel),
        r"1 of \d+ values outside .* first at \(channel, row, column\) \[0, 0, 5\]",
    ),
    (
        "pixels_outside_the_edit_region_never_change",
        only_painted(lambda job, image: image + 0 if image.dtype == torch.float32 else image),
        r"lesion in float32 .* values outside the edit region differ",
    ),
    (
        "images_keep_the_form_of_their_source",
        only_painted(lambda job, image: image.to(torch.int32) if image.dtype == torch.uint16 else image),
        r"lesion in uint16 .* the image is torch.int32",
    ),
    (
        "images_keep_the_form_of_their_source",
        only_painted(lambda job, image: image[:, 1:]),
        r"the image is torch.uint8 \(1, 112, 97\)",
    ),
    (
        "images_keep_the_form_of_their_source",
        only_painted(lambda job, image: image.requires_grad_() if image.dtype == torch.float32 else image),
        "the image requires a gradient",
    ),
    ("images_keep_the_form_of_their_source", only_painted(one_channel), "channels differ"),
    (
        "images_keep_the_form_of_their_source",
        with_parts(value_range=lambda job, sample: ValueRange(0, 255)),
        "not those of its source",
    ),
    ("images_keep_the_form_of_their_source", with_parts(spacing=lambda job, sample: None), "not those"),
    (
        "values_stay_inside_the_value_range",
        with_parts(image=beyond_the_range),
        r"lesion in uint8 \(1, 96, 131\) .* in a value range of \(16, 235\); clip",
    ),
]
