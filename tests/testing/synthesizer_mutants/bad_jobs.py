"""Synthesizers that a bad job upsets."""

from dataclasses import replace

from medsynth_aug.synthesis import Refusal
from tests.testing.altered import Altered, Fragile, Mending, Mutant, Sulking, by_place_in_batch, in_results

MUTANTS: list[Mutant] = [
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
]
