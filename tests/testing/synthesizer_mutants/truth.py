"""Synthesizers whose masks and boxes do not say what was painted."""

from dataclasses import replace
from typing import Any

import torch

from medsynth_aug.synthesis import Refusal, SyntheticSample
from tests.testing.altered import (
    Altered,
    Boxed,
    Mutant,
    nothing,
    one_pixel,
    only_painted,
    restless,
    with_image,
    with_parts,
    with_request,
)


def boxed(sample: SyntheticSample) -> SyntheticSample:
    return Boxed(sample.request, sample.image, sample.mask, sample.edit_region, sample.value_range)


def whole(change: Any) -> Altered:
    """Only images without a source are altered."""
    return Altered(after=lambda job, sample: sample if job.source else change(job, sample))


MUTANTS: list[Mutant] = [
    ("a_lesion_has_a_mask_inside_its_edit_region", with_parts(mask=nothing), "the mask is empty"),
    (
        "a_lesion_has_a_mask_inside_its_edit_region",
        with_parts(edit_region=nothing),
        r"\d+ pixels of the mask lie outside the edit region",
    ),
    (
        "a_lesion_has_a_mask_inside_its_edit_region",
        with_parts(mask=lambda job, sample: sample.mask.float()),
        r"mask is torch.float32 \(1, 113, 97\); give bool",
    ),
    (
        "a_lesion_is_seen_where_its_mask_is",
        only_painted(lambda job, image: job.source.pixels),
        "0% of the pixels in the mask changed",
    ),
    (
        "a_sham_has_a_region_and_no_lesion",
        with_parts(mask=lambda job, sample: sample.edit_region),
        "its mask has pixels",
    ),
    ("a_sham_has_a_region_and_no_lesion", with_parts(edit_region=nothing), "its edit region is empty"),
    (
        "a_sham_has_a_region_and_no_lesion",
        with_image(one_pixel),
        "1 pixels outside its edit region differ",
    ),
    (
        "the_box_is_that_of_the_mask",
        Altered(after=lambda job, sample: boxed(sample)),
        r"the box is \(\d+, .* but the mask spans \(\d+",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        whole(lambda job, sample: replace(sample, image=sample.image.to(torch.float32))),
        r"it is torch.float32 \(96, 88\), not as its canvas asks",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        whole(lambda job, sample: replace(sample, image=torch.zeros_like(sample.image))),
        "values from 0 to 0 on a canvas",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        whole(lambda job, sample: replace(sample, edit_region=nothing(job, sample))),
        "its edit region is everything and its mask is empty, but not here",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        whole(lambda job, sample: replace(sample, spacing=None)),
        "value_range and spacing are",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        with_request(seed=lambda job: 0),
        "another seed gives the same image",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        restless(),
        "the same request twice: image differs",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        whole(lambda job, sample: Refusal(job.request, "")),
        "refused without a reason",
    ),
    (
        "a_whole_image_fills_its_canvas_or_is_refused",
        whole(lambda job, sample: Refusal(job.request, "no") if job.request.seed else sample),
        "some are refused",
    ),
]
