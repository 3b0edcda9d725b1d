"""Engines without weights that take their time; importable by name, as other processes need it."""

import time
from collections.abc import Sequence

import numpy as np

from medsynth_aug.synthesis import FakeSynthesizer, Job, Refusal, SyntheticSample
from medsynth_aug.synthesis.synthesizer import OnStep

Results = list[SyntheticSample | Refusal]

SIDE = 384
"""Side of the matrices that `BusySynthesizer` multiplies."""


class SlowSynthesizer(FakeSynthesizer):
    """Sleeps for every job, as a process does whose work is done on a GPU.

    Args:
        seconds: For one job.
    """

    runs_in_workers = False

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def synthesize(self, jobs: Sequence[Job], on_step: OnStep | None = None) -> Results:
        """One result a job, in order, after a while."""
        time.sleep(self.seconds * len(jobs))
        return super().synthesize(jobs, on_step)


class BusySynthesizer(FakeSynthesizer):
    """Multiplies matrices for every job: the same work on any machine, however long that takes.

    Args:
        products: Matrix products for one job.
    """

    runs_in_workers = False

    def __init__(self, products: int) -> None:
        self.products = products

    def synthesize(self, jobs: Sequence[Job], on_step: OnStep | None = None) -> Results:
        """One result a job, in order, after the work."""
        matrix = np.full((SIDE, SIDE), 1 / SIDE, np.float32)
        for _ in range(self.products * len(jobs)):
            matrix = matrix @ matrix
        return super().synthesize(jobs, on_step)
