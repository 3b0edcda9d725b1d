"""Synthesizers that disregard or change what they are given."""

from dataclasses import replace
from typing import Any

from tests.testing.altered import Altered, Mutant, nothing, with_parts


def into_the_source(jobs: Any, results: Any) -> Any:
    jobs[0].source.pixels[0, 0, 0] = 7
    return results


MUTANTS: list[Mutant] = [
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
]
