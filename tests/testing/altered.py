"""Synthesizers that break one guarantee each, importable by name so that another process can open them."""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

import numpy as np
import torch

from medsynth_aug.synthesis import (
    DenoisingStep,
    FakeSynthesizer,
    Job,
    Refusal,
    SourceImage,
    SyntheticSample,
)
from medsynth_aug.types import Box

Result = SyntheticSample | Refusal
Mutant = tuple[str, Any, str]
"""Name of the check that must find it, the synthesizer, what the message says (a pattern)."""


class Altered(FakeSynthesizer):
    """The fake, with what it is given or what it gives altered.

    Args:
        before: Applied to each job; samples get the request of the job that was asked back.
        after: Applied to each job and its sample.
        batch: Applied to the jobs and the results of a whole call.
    """

    def __init__(
        self,
        *,
        before: Callable[[Job], Job] = lambda job: job,
        after: Callable[[Job, SyntheticSample], Result] = lambda job, sample: sample,
        batch: Callable[[list[Job], list[Any]], Any] = lambda jobs, results: results,
    ) -> None:
        self.before, self.after, self.batch = before, after, batch

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        made = super().synthesize([self.before(job) for job in jobs], on_step)
        results = [
            self.after(job, replace(result, request=job.request))
            if isinstance(result, SyntheticSample)
            else replace(result, request=job.request)
            for job, result in zip(jobs, made, strict=True)
        ]
        return self.batch(jobs, results)


def with_image(change: Callable[[Job, torch.Tensor], torch.Tensor]) -> Altered:
    return Altered(after=lambda job, sample: replace(sample, image=change(job, sample.image.clone())))


def with_parts(**changes: Callable[[Job, SyntheticSample], Any]) -> Altered:
    """Some fields of each sample replaced by what a function says."""
    return Altered(
        after=lambda job, one: replace(one, **{name: change(job, one) for name, change in changes.items()})
    )


def with_request(**changes: Callable[[Job], Any]) -> Altered:
    """Painted as if the request had other values."""
    return Altered(
        before=lambda job: replace(
            job, request=replace(job.request, **{name: change(job) for name, change in changes.items()})
        )
    )


def only_painted(change: Callable[[Job, torch.Tensor], torch.Tensor]) -> Altered:
    """An image altered where there is a source, and left where there is none."""
    return with_image(lambda job, image: image if job.source is None else change(job, image))


def nothing(job: Any, sample: SyntheticSample) -> torch.Tensor:
    return torch.zeros_like(sample.mask)


def by_place_in_batch(jobs: Any, results: Any) -> Any:
    """Every job painted with its place as seed."""
    fake = FakeSynthesizer()
    again = [replace(job, request=replace(job.request, seed=place)) for place, job in enumerate(jobs)]
    return [replace(one, request=job.request) for job, one in zip(jobs, fake.synthesize(again), strict=True)]


def in_results(kind: type, change: Any) -> Altered:
    """Every sample, or every refusal, replaced."""
    return Altered(
        batch=lambda jobs, results: [change(one) if isinstance(one, kind) else one for one in results]
    )


def one_pixel(job: Any, image: torch.Tensor) -> torch.Tensor:
    """One value changed, in a place that follows the seed."""
    image.view(-1)[1 if job.request.seed else 5] = float(job.source.value_range.low)
    return image


def restless() -> Altered:
    """Painted with another seed each time."""
    seeds = count()
    return with_request(seed=lambda job: next(seeds))


class Scanty:
    """No anatomy can be asked of it."""

    fingerprint = "0" * 64

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        return FakeSynthesizer().synthesize(jobs, on_step)


class OneLung(FakeSynthesizer):
    def segment(self, source: SourceImage) -> torch.Tensor:
        return super().segment(source)[:1]


class Wavering(FakeSynthesizer):
    """Its anatomy differs from call to call."""

    calls = 0

    def segment(self, source: SourceImage) -> torch.Tensor:
        self.calls += 1
        return super().segment(source).roll(self.calls, 1)


class Named(FakeSynthesizer):
    fingerprint = "my engine"


class Ageing(FakeSynthesizer):
    """Its fingerprint follows its work."""

    work = 0

    @property
    def fingerprint(self) -> str:
        return f"{self.work:064x}"

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        results = super().synthesize(jobs, on_step)
        self.work += 1
        return results


class Fragile(FakeSynthesizer):
    """Raises for a job that it cannot do."""

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        results = super().synthesize(jobs, on_step)
        for result in results:
            if isinstance(result, Refusal) and result.final:
                raise ValueError(result.reason)
        return results


class Mending(FakeSynthesizer):
    """Makes the best of NaN."""

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        return super().synthesize([self._mended(job) for job in jobs], on_step)

    def _mended(self, job: Job) -> Job:
        if job.source is None or not job.source.pixels.dtype.is_floating_point:
            return job
        pixels = job.source.pixels.nan_to_num(0.5)
        return replace(job, source=replace(job.source, pixels=pixels))


class Sulking(FakeSynthesizer):
    """Refuses everything beside a bad job."""

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        results = super().synthesize(jobs, on_step)
        if any(isinstance(result, Refusal) for result in results):
            return [Refusal(job.request, "a companion is bad") for job in jobs]
        return results


class Boxed(SyntheticSample):
    """Rows where columns belong."""

    @property
    def box(self) -> Box | None:
        right = super().box
        return None if right is None else Box(right.y0, right.x0, right.y1, right.x1)


class Counting(FakeSynthesizer):
    """Tells its steps in a way of its own."""

    def __init__(self, steps: Callable[[tuple[str, ...]], list[DenoisingStep]]) -> None:
        self.steps = steps

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        if on_step is not None:
            for step in self.steps(tuple(job.request.digest for job in jobs)):
                on_step(step)
        return super().synthesize(jobs)


class Watched(Altered):
    """Paints otherwise while it is watched."""

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        self.before = with_request(seed=lambda job: 0 if on_step is None else 9).before
        return super().synthesize(jobs)


class Heavy(FakeSynthesizer):
    """Carries its weights wherever it goes."""

    def __init__(self) -> None:
        self.weights = np.zeros(2**18)


class OfThisProcess(FakeSynthesizer):
    @property
    def fingerprint(self) -> str:
        return f"{os.getpid():064x}"


class Forgetful(Altered):
    """Loses a setting that decides pixels on its way."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(before=with_request(seed=lambda job: seed).before)

    def __reduce__(self) -> Any:
        return Forgetful, ()


class Broken(FakeSynthesizer):
    """Cannot be opened again."""

    def __reduce__(self) -> Any:
        return _fail, ()


class Deadly(FakeSynthesizer):
    """Takes the process down that opens it."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)


class Scribbling(FakeSynthesizer):
    """Keeps notes on the disk."""

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        with NamedTemporaryFile(prefix="notes-") as notes:
            notes.write(str(len(jobs)).encode())
        return super().synthesize(jobs, on_step)


class Tidying(FakeSynthesizer):
    """Makes a folder and removes it again."""

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        with TemporaryDirectory(prefix="folder-"):
            return super().synthesize(jobs, on_step)


class Caching(FakeSynthesizer):
    """Writes at its first call only, and reads at every call."""

    warm = False

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        if not self.warm:
            with NamedTemporaryFile(prefix="cache-"):
                self.warm = True
        with Path(__file__).open("rb"), Path(os.devnull).open("w"):
            return super().synthesize(jobs, on_step)


def _fail() -> None:
    raise RuntimeError("the weights are not there")
