"""Synthesizers whose samples hang on more or less than the request."""

import random
from typing import Any

import numpy as np
import torch

from tests.testing.altered import Altered, Mutant, by_place_in_batch, restless, with_request


def numpys_chance(job: Any) -> int:
    return int(np.random.randint(1000))  # noqa: NPY002


MUTANTS: list[Mutant] = [
    (
        "a_request_gives_the_same_sample_every_time",
        restless(),
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
]
