"""One synthesizer for each way in which a guarantee can be broken, with the check that must find it."""

import random
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import torch

from medsynth_aug.synthesis import DenoisingStep, FakeSynthesizer, Refusal, SyntheticSample
from medsynth_aug.types import ValueRange
from tests.testing.altered import (
    Ageing,
    Altered,
    Boxed,
    Broken,
    Counting,
    Deadly,
    Forgetful,
    Fragile,
    Heavy,
    Mending,
    Named,
    OfThisProcess,
    OneLung,
    Scanty,
    Sulking,
    Watched,
    Wavering,
    only_painted,
    with_image,
    with_parts,
    with_request,
)  # fmt: skip


def one_pixel(job: Any, image: torch.Tensor) -> torch.Tensor:
    image.view(-1)[1 if job.request.seed else 5] = float(job.source.value_range.low)
    return image


def beyond_the_range(job: Any, sample: SyntheticSample) -> torch.Tensor:
    low, high = job.source.value_range
    lifted = sample.image.double() + 0.2 * (high - low)
    return torch.where(sample.edit_region, lifted, sample.image.double()).to(sample.image.dtype)


def one_channel(job: Any, image: torch.Tensor) -> torch.Tensor:
    image[-1, 60, 40] = float(job.source.value_range.low)
    return image


def in_results(kind: type, change: Any) -> Altered:
    """Every sample, or every refusal, replaced."""
    return Altered(
        batch=lambda jobs, results: [change(one) if isinstance(one, kind) else one for one in results]
    )


def boxed(sample: SyntheticSample) -> SyntheticSample:
    return Boxed(sample.request, sample.image, sample.mask, sample.edit_region, sample.value_range)


def nothing(job: Any, sample: SyntheticSample) -> torch.Tensor:
    return torch.zeros_like(sample.mask)


def into_the_source(jobs: Any, results: Any) -> Any:
    jobs[0].source.pixels[0, 0, 0] = 7
    return results


def steps_of(*numbers: tuple[int, int], of: tuple[str, ...] | None = None) -> Counting:
    return Counting(lambda digests: [DenoisingStep(of or digests, *number) for number in numbers])


def whole(change: Any) -> Altered:
    """Only images without a source are altered."""
    return Altered(after=lambda job, sample: sample if job.source else change(job, sample))


def by_place_in_batch(jobs: Any, results: Any) -> Any:
    fake = FakeSynthesizer()
    again = [replace(job, request=replace(job.request, seed=place)) for place, job in enumerate(jobs)]
    return [replace(one, request=job.request) for job, one in zip(jobs, fake.synthesize(again), strict=True)]


def numpys_chance(job: Any) -> int:
    return int(np.random.randint(1000))  # noqa: NPY002


COUNTER = count()

MUTANTS: list[tuple[str, Any, str]] = [
    ("it_has_the_members_of_the_seam", Scanty(), "it lacks fingerprint, segment or synthesize"),
    ("it_has_the_members_of_the_seam", OneLung(), r"segment gave torch.bool \(1, 113, 97\); give bool \(2,"),
    ("it_has_the_members_of_the_seam", Wavering(), "another anatomy for the same source"),
    ("the_fingerprint_is_a_stable_digest", Named(), "fingerprint is 'my engine'; give the hex"),
    ("the_fingerprint_is_a_stable_digest", Ageing(), "'0+' before and is '0+1' after work"),
    (
        "results_stand_in_the_order_of_the_jobs",
        Altered(batch=lambda jobs, results: results[::-1]),
        "jobs of slots a, b, c, d, e gave results of e, d, c, b, a",
    ),
    (
        "results_stand_in_the_order_of_the_jobs",
        Altered(batch=lambda jobs, results: results[:-1]),
        "5 jobs gave 4 results",
    ),
    (
        "results_stand_in_the_order_of_the_jobs",
        Altered(batch=lambda jobs, results: iter(results)),
        "synthesize gave a list_iterator; give a list",
    ),
    (
        "results_stand_in_the_order_of_the_jobs",
        in_results(SyntheticSample, lambda one: one.image),
        "a result is a Tensor; give a SyntheticSample or a Refusal",
    ),
    (
        "requests_come_back_unchanged",
        with_parts(request=lambda job, sample: sample.request.next_attempt()),
        "the request of a SyntheticSample is not the one",
    ),
    (
        "requests_come_back_unchanged",
        in_results(Refusal, lambda one: replace(one, request=one.request.next_attempt())),
        "the request of a Refusal is not the one",
    ),
    ("bad_jobs_are_refused_with_a_reason", Fragile(), "mask off the grid: ValueError was raised"),
    ("bad_jobs_are_refused_with_a_reason", Mending(), "NaN in the image: a sample was made"),
    (
        "bad_jobs_are_refused_with_a_reason",
        in_results(Refusal, lambda one: replace(one, reason=" ")),
        "mask off the grid: the refusal has no reason",
    ),
    ("bad_jobs_do_no_harm_to_their_companions", Fragile(), "a batch with bad jobs in it raised ValueError"),
    ("bad_jobs_do_no_harm_to_their_companions", Sulking(), "a good job beside bad ones is refused"),
    (
        "bad_jobs_do_no_harm_to_their_companions",
        Altered(batch=by_place_in_batch),
        "a good job beside bad ones gives another sample: image differs",
    ),
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
        with_request(seed=lambda job: next(COUNTER)),
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
    (
        "the_users_mask_wins",
        Altered(before=lambda job: replace(job, mask=None)),
        r"\d+ pixels of the sample's mask differ from the given one",
    ),
    (
        "the_users_anatomy_is_used",
        Altered(before=lambda job: replace(job, anatomy=None)),
        r"0 of \d+ pixels of the mask lie on the side of the given lung",
    ),
    (
        "the_keep_mask_is_never_painted_over",
        Altered(before=lambda job: replace(job, keep_mask=None)),
        r"\d+ pixels under the keep-mask changed",
    ),
    (
        "the_keep_mask_is_never_painted_over",
        with_parts(mask=lambda job, sample: job.mask),
        r"\d+ pixels of the mask lie under the keep-mask",
    ),
    (
        "the_keep_mask_is_never_painted_over",
        with_parts(mask=nothing),
        r"\d+ pixels beside the keep-mask are not as the mask has them",
    ),
    ("nothing_that_was_given_is_written_to", Altered(batch=into_the_source), "source of the job was written"),
    (
        "nothing_that_was_given_is_written_to",
        Altered(batch=lambda jobs, results: [jobs.pop() for _ in range(1)] and results),
        "the list of jobs was changed",
    ),
    (
        "a_request_gives_the_same_sample_every_time",
        with_request(seed=lambda job: next(COUNTER)),
        "the same job once more: image differs",
    ),
    (
        "a_sample_does_not_depend_on_its_companions",
        Altered(batch=by_place_in_batch),
        "alone: image differs",
    ),
    *(
        (
            "another_seed_slot_or_attempt_draws_anew",
            with_request(**{name: lambda job, value=value: value}),
            message,
        )
        for name, value, message in (
            ("seed", 0, "the first draw and another seed give the same"),
            ("slot", "0", "the first draw and another slot give the same"),
            ("attempt", 0, "the first draw and another attempt give the same"),
        )
    ),
    (
        "settings_leave_mask_and_edit_region",
        with_request(seed=lambda job: job.request.sampling.num_inference_steps),
        "with one more step mask differs",
    ),
    (
        "global_random_state_is_neither_read_nor_changed",
        with_request(seed=numpys_chance),
        "the global state of numpy.random changed",
    ),
    (
        "global_random_state_is_neither_read_nor_changed",
        with_request(seed=lambda job: int(torch.randint(1000, ()))),
        "the global state of torch changed",
    ),
    (
        "global_random_state_is_neither_read_nor_changed",
        with_request(seed=lambda job: random.randrange(1000)),
        "the global state of Python's random changed",
    ),
    (
        "global_random_state_is_neither_read_nor_changed",
        with_request(seed=lambda job: torch.initial_seed() % 1000),
        "under another global seed: image differs",
    ),
    ("steps_are_counted_up_to_their_total", steps_of((0, 2), (1, 2)), r"counted \[\(0, 2\), \(1, 2\)\]"),
    ("steps_are_counted_up_to_their_total", steps_of((1, 3), (2, 3)), r"counted \[\(1, 3\), \(2, 3\)\]"),
    ("steps_are_counted_up_to_their_total", steps_of((1, 1), of=("0" * 64,)), "requests that nobody asked"),
    ("steps_are_counted_up_to_their_total", Watched(), "with on_step: image differs"),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(provenance=lambda job, sample: {"mask": sample.mask}),
        "provenance is not plain JSON: Object of type Tensor",
    ),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(provenance=lambda job, sample: {"size_mm": float("nan")}),
        "provenance is not plain JSON: Out of range float",
    ),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(provenance=lambda job, sample: {"centre_px": (1, 2)}),
        "provenance changes in JSON at centre_px",
    ),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(timings=lambda job, sample: {"paint": -1.0}),
        r"timings hold \{'paint': -1.0\}; they are seconds",
    ),
    ("it_pickles_as_a_recipe", Altered(), "it does not pickle .* give it a __reduce__"),
    ("it_pickles_as_a_recipe", Heavy(), "it pickles to 2.0 MiB; give it a __reduce__"),
    ("it_reopens_in_another_process", OfThisProcess(), "in another process its fingerprint is"),
    ("it_reopens_in_another_process", Forgetful(7), "the same request gives other pixels"),
    ("it_reopens_in_another_process", Broken(), "RuntimeError: the weights are not there"),
    ("it_reopens_in_another_process", Deadly(), "the process ended without an answer"),
]  # fmt: skip
"""Name of the check, synthesizer, what the message says (a pattern)."""
