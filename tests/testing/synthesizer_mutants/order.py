"""Synthesizers whose results are not those of the jobs, one for one."""

from dataclasses import replace

from medsynth_aug.synthesis import Refusal, SyntheticSample
from tests.testing.altered import Altered, Mutant, in_results, with_parts

MUTANTS: list[Mutant] = [
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
]
