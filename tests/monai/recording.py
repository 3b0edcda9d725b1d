"""A synthesizer that remembers, so that tests see exactly what the transform asked and got."""

from collections.abc import Sequence

from medsynth_aug import FakeSynthesizer
from medsynth_aug.synthesis import Job, Refusal, SyntheticSample


class RecordingSynthesizer:
    """Paints as `FakeSynthesizer` does and keeps every job and every result."""

    runs_in_workers = True

    def __init__(self) -> None:
        self.inner = FakeSynthesizer()
        self.jobs: list[Job] = []
        self.results: list[SyntheticSample | Refusal] = []
        self.fingerprint, self.segment = self.inner.fingerprint, self.inner.segment

    def synthesize(self, jobs: Sequence[Job], on_step=None) -> list[SyntheticSample | Refusal]:
        results = self.inner.synthesize(jobs, on_step)
        self.jobs += jobs
        self.results += results
        return results
