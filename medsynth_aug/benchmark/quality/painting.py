"""Paint jobs with a count that follows the engine's batches."""

from collections.abc import Callable, Sequence

from medsynth_aug.synthesis import DenoisingStep, Job, Refusal, Synthesizer, SyntheticSample

Advance = Callable[[float], object]
"""Told how many more samples are done, as a bar's `update`."""


def paint(synthesizer: Synthesizer, jobs: Sequence[Job], advance: Advance) -> list[SyntheticSample | Refusal]:
    """One result a job, in order; `advance` hears of each batch when it is done, and of each job once."""
    counted = 0

    def report(done: DenoisingStep) -> None:
        nonlocal counted
        if done.step == done.total:
            counted += len(done.digests)
            advance(len(done.digests))

    results = synthesizer.synthesize(jobs, on_step=report)
    advance(len(jobs) - counted)
    return results
