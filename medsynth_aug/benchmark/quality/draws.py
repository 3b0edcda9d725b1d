"""Draws: what every setting paints alike, with the lesion prior that all of them start from."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from medsynth_aug.benchmark.quality.films import Film
from medsynth_aug.conditioning import ConditioningSettings
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import (
    FakeSynthesizer,
    Job,
    Refusal,
    SamplingSettings,
    SynthesisRequest,
    SyntheticSample,
)

ATTEMPTS = 4
"""Draws of a lesion into one film before the film is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One setting under which the draws are painted.

    Args:
        name: How the report calls it.
        sampling: How to denoise; None paints the lesion prior alone.
        conditioning: Which structure guides it.
    """

    name: str
    sampling: SamplingSettings | None
    conditioning: ConditioningSettings = field(default_factory=ConditioningSettings)


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """One lesion at one place of one film.

    Args:
        film: What is painted into.
        job: The request with its pixels; `under` gives it the settings.
        prior: The lesion prior blended into the film, without denoising.
    """

    film: Film
    job: Job
    prior: SyntheticSample

    @property
    def digest(self) -> str:
        """The draw's digest: the same under every setting."""
        return self.job.request.draw_digest

    def under(self, condition: Condition) -> Job:
        """The job under a setting."""
        assert condition.sampling is not None
        request = replace(self.job.request, sampling=condition.sampling, conditioning=condition.conditioning)
        return replace(self.job, request=request)


def draw_lesion(
    films: Sequence[Film], anatomies: Sequence[torch.Tensor], name: str, *, engine: str, seed: int
) -> list[Draw]:
    """A draw of the lesion for each film in which it finds a place.

    Args:
        films: What is painted into.
        anatomies: `(2, H, W)` bool lung fields of each.
        name: The lesion.
        engine: Fingerprint of the synthesizer.
        seed: Decides where and how.
    """
    made = []
    for number, (film, anatomy) in enumerate(zip(films, anatomies, strict=True)):
        request = SynthesisRequest(
            source=film.source.digest, lesion=resolve_lesion(name), engine=engine, seed=seed,
            slot=f"quality/{number}",
        )  # fmt: skip
        for _ in range(ATTEMPTS):
            job = Job(request, film.source, anatomy=anatomy)
            (prior,) = FakeSynthesizer().synthesize([job])
            if not isinstance(prior, Refusal):
                made.append(Draw(film, job, prior))
                break
            request = request.next_attempt()
    return made
