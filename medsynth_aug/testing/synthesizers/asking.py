"""Ask a synthesizer, and see to it that what comes back can be looked at."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth_aug.errors import ConformanceError
from medsynth_aug.synthesis import Job, Refusal, Synthesizer, SyntheticSample
from medsynth_aug.synthesis.synthesizer import OnStep
from medsynth_aug.testing.check import expect

ATTEMPTS = 6
"""Draws before a check gives up on a job that nothing is wrong with."""


class Painted(NamedTuple):
    """A job as it was met, perhaps not at its first attempt, and its sample."""

    job: Job
    sample: SyntheticSample


def ask(
    synthesizer: Synthesizer, jobs: Sequence[Job], on_step: OnStep | None = None
) -> list[SyntheticSample | Refusal]:
    """What `synthesize` gives, checked for its length and types.

    Raises:
        ConformanceError: If it is not one sample or refusal for each job.
    """
    given = list(jobs)
    results = synthesizer.synthesize(given) if on_step is None else synthesizer.synthesize(given, on_step)
    expect(isinstance(results, list), f"synthesize gave a {type(results).__name__}; give a list")
    expect(len(results) == len(jobs), f"{len(jobs)} jobs gave {len(results)} results; give one for each job")
    for result in results:
        expect(
            isinstance(result, SyntheticSample | Refusal),
            f"a result is a {type(result).__name__}; give a SyntheticSample or a Refusal",
        )
    return results


def paint(synthesizer: Synthesizer, jobs: Sequence[Job]) -> list[Painted]:
    """Samples of jobs that nothing is wrong with; a refused one is drawn anew, as a plan would.

    Raises:
        ConformanceError: If one is refused for good, or at every attempt.
    """
    painted: list[Painted | None] = [None] * len(jobs)
    waiting = list(enumerate(jobs))
    reason = ""
    for _ in range(ATTEMPTS):
        refused = []
        results = ask(synthesizer, [job for _, job in waiting]) if waiting else []
        for (index, job), result in zip(waiting, results, strict=True):
            if isinstance(result, SyntheticSample):
                painted[index] = Painted(job, result)
                continue
            reason = result.reason
            expect(not result.final, f"{named(job)}: a job that nothing is wrong with is refused: {reason}")
            refused.append((index, replace(job, request=job.request.next_attempt())))
        waiting = refused
    if waiting:
        raise ConformanceError(
            f"{named(waiting[0][1])}: refused at {ATTEMPTS} attempts, so nothing can be checked; the last "
            f"reason was: {reason}"
        )
    return [one for one in painted if one is not None]


def again(synthesizer: Synthesizer, jobs: Sequence[Job]) -> list[SyntheticSample]:
    """Samples of jobs that were met before.

    Raises:
        ConformanceError: If one is refused now.
    """
    samples = []
    for job, result in zip(jobs, ask(synthesizer, jobs), strict=True):
        if isinstance(result, Refusal):
            raise ConformanceError(f"{named(job)}: made once, refused the next time: {result.reason}")
        samples.append(result)
    return samples


def named(job: Job) -> str:
    """What a message calls a job."""
    request = job.request
    draw = f"seed {request.seed}, slot {request.slot!r}, attempt {request.attempt}"
    if job.source is None:
        return f"whole image ({draw})"
    channels, height, width = job.source.pixels.shape
    dtype = str(job.source.pixels.dtype).removeprefix("torch.")
    return f"{request.purpose} in {dtype} ({channels}, {height}, {width}) ({draw})"


def bits(pixels: torch.Tensor) -> NDArray[np.uint8]:
    """The bytes of each value, `(..., itemsize)`; unlike numbers they tell 0.0 from -0.0."""
    plain = pixels.detach().cpu().contiguous()
    return plain.view(torch.uint8).numpy().reshape(*plain.shape, -1)


def differing(one: torch.Tensor, other: torch.Tensor) -> NDArray[np.bool_]:
    """Where two images of one form differ in any bit."""
    return np.asarray((bits(one) != bits(other)).any(axis=-1))


def difference(one: SyntheticSample, other: SyntheticSample) -> str:
    """What of image, mask and edit region differs between two samples; empty if nothing does."""
    parts = []
    for name in ("image", "mask", "edit_region"):
        a, b = getattr(one, name), getattr(other, name)
        if a.shape != b.shape or a.dtype != b.dtype:
            parts.append(f"{name} is {a.dtype} {tuple(a.shape)} and {b.dtype} {tuple(b.shape)}")
        elif (count := int(differing(a, b).sum())) > 0:
            parts.append(f"{name} differs in {count} pixels")
    return ", ".join(parts)
