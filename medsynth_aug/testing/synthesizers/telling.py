"""What an engine says of itself and of its work: its seam, its fingerprint, steps, provenance, timings."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import torch

from medsynth_aug.errors import ConformanceError
from medsynth_aug.synthesis import DenoisingStep, Synthesizer
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.synthesizers.asking import ask, difference, named, paint
from medsynth_aug.testing.synthesizers.jobs import JobMaker, phantom_source

LEAST_DIGITS = 16


def it_has_the_members_of_the_seam(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """It has `fingerprint`, `segment` and `synthesize`; `segment` gives two planes on the source's grid."""
    expect(isinstance(synthesizer, Synthesizer), "it lacks fingerprint, segment or synthesize")
    source = phantom_source()
    wanted = (2, *source.pixels.shape[1:])
    lungs, lungs_again = synthesizer.segment(source), synthesizer.segment(source)
    expect(
        isinstance(lungs, torch.Tensor) and lungs.dtype == torch.bool and tuple(lungs.shape) == wanted,
        f"segment gave {_form(lungs)}; give bool {wanted}, the patient's right lung first, or all False",
    )
    expect(torch.equal(lungs, lungs_again), "segment gave another anatomy for the same source")


def the_fingerprint_is_a_stable_digest(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """The fingerprint is hexadecimal text and the same before and after work."""
    first = synthesizer.fingerprint
    expect(
        isinstance(first, str) and re.fullmatch(f"[0-9a-f]{{{LEAST_DIGITS},}}", first) is not None,
        f"fingerprint is {first!r}; give the hexadecimal digest of all that decides pixels, at least "
        f"{LEAST_DIGITS} lower-case digits",
    )
    ask(synthesizer, [maker.job(synthesizer)])
    later = synthesizer.fingerprint
    expect(later == first, f"fingerprint was {first!r} before and is {later!r} after work")


def steps_are_counted_up_to_their_total(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """If `on_step` is called, each batch counts from 1 to its total, and the samples stay the same."""
    jobs = [maker.job(synthesizer, slot="a"), maker.job(synthesizer, slot="b")]
    painted = paint(synthesizer, jobs)
    seen: list[DenoisingStep] = []
    results = ask(synthesizer, [job for job, _ in painted], seen.append)
    batches: dict[tuple[str, ...], list[DenoisingStep]] = {}
    for step in seen:
        expect(isinstance(step, DenoisingStep), f"on_step was called with a {type(step).__name__}")
        batches.setdefault(step.digests, []).append(step)
    asked = {job.request.digest for job, _ in painted}
    for digests, steps in batches.items():
        expect(set(digests) <= asked, "on_step names requests that nobody asked")
        counted = [(step.step, step.total) for step in steps]
        expect(
            counted == [(number, len(steps)) for number in range(1, len(steps) + 1)],
            f"on_step counted {counted} (step, total); count from 1 to the total of the batch",
        )
    for (job, sample), result in zip(painted, results, strict=True):
        found = difference(sample, result) if isinstance(result, type(sample)) else "it is refused"
        expect(not found, f"{named(job)}: with on_step: {found}")


def provenance_and_timings_are_plain_json(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Provenance and timings come back equal from JSON, and timings are seconds by stage."""
    jobs = [maker.job(synthesizer), maker.job(synthesizer, purpose="sham", slot="sham")]
    for job, sample in paint(synthesizer, jobs):
        for name in ("provenance", "timings"):
            _check_json(f"{named(job)}: {name}", getattr(sample, name))
        wrong = {
            stage: seconds
            for stage, seconds in sample.timings.items()
            if isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds < math.inf
        }
        expect(not wrong, f"{named(job)}: timings hold {wrong}; they are seconds, at least 0")


def _check_json(name: str, told: Mapping[str, Any]) -> None:
    plain = dict(told)
    try:
        through = json.loads(json.dumps(plain, allow_nan=False))
    except (TypeError, ValueError) as problem:
        raise ConformanceError(f"{name} is not plain JSON: {problem}") from problem
    changed = sorted(key for key in plain if through.get(key) != plain[key])
    expect(
        not changed and len(through) == len(plain),
        f"{name} changes in JSON at {', '.join(map(str, changed))}",
    )


def _form(value: Any) -> str:
    return f"{value.dtype} {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
