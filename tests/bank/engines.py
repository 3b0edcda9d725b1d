"""Synthesizers that are slow, unwilling or broken; importable by name, as the producer process needs it."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from medsynth_aug.synthesis import FakeSynthesizer, Job, Refusal, SyntheticSample
from medsynth_aug.synthesis.synthesizer import OnStep

Results = list[SyntheticSample | Refusal]


class Slow(FakeSynthesizer):
    """Takes its time for every job."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def synthesize(self, jobs: Sequence[Job], on_step: OnStep | None = None) -> Results:
        time.sleep(self.seconds * len(jobs))
        return super().synthesize(jobs, on_step)


class Noting(FakeSynthesizer):
    """Writes the slot of every job into a file, in the order in which it makes them."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    def synthesize(self, jobs: Sequence[Job], on_step: OnStep | None = None) -> Results:
        with self.notes.open("a") as file:
            file.writelines(f"{job.request.slot}\n" for job in jobs)
        return super().synthesize(jobs, on_step)


class Unwilling(FakeSynthesizer):
    """Refuses the slots that it is told, whatever the attempt; or the first attempts of all."""

    def __init__(self, slots: Sequence[str] = (), willing_from: int = 0) -> None:
        self.slots, self.willing_from = tuple(slots), willing_from

    def synthesize(self, jobs: Sequence[Job], on_step: OnStep | None = None) -> Results:
        made = super().synthesize(jobs, on_step)
        return [
            Refusal(job.request, "not willing")
            if job.request.slot in self.slots or job.request.attempt < self.willing_from
            else one
            for job, one in zip(jobs, made)
        ]


class Failing(FakeSynthesizer):
    """Raises what no synthesizer should."""

    def synthesize(self, jobs: Sequence[Job], on_step: OnStep | None = None) -> Results:
        raise RuntimeError("the device fell off the bus")


class Dying(FakeSynthesizer):
    """Is killed whenever it is asked for something."""

    def synthesize(self, jobs: Sequence[Job], on_step: OnStep | None = None) -> Results:
        os.kill(os.getpid(), signal.SIGKILL)
        return []
