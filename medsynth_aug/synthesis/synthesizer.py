"""The seam: a Synthesizer turns a batch of jobs into samples, and does nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.source import SourceImage


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A request with the pixels that it names, on the CPU.

    Args:
        request: What is asked.
        source: The pixels of `request.source`; None where that is `none`.
        anatomy: `(2, H, W)` bool: the patient's right and left lung field; None lets the synthesizer find
            them. The user's own always wins.
        mask: `(1, H, W)` bool: the user's own lesion mask; None lets the shape prior draw it.
        keep_mask: `(1, H, W)` bool: what is never painted over.
    """

    request: SynthesisRequest
    source: SourceImage | None
    anatomy: torch.Tensor | None = None
    mask: torch.Tensor | None = None
    keep_mask: torch.Tensor | None = None


@dataclass(frozen=True, slots=True)
class DenoisingStep:
    """Progress of one batch, for streaming.

    Args:
        digests: Digests of the requests in the batch.
        step: Steps done, from 1.
        total: Steps of this batch.
    """

    digests: tuple[str, ...]
    step: int
    total: int


OnStep = Callable[[DenoisingStep], None]


@runtime_checkable
class Synthesizer(Protocol):
    """Turns jobs into samples. Implementations pickle as recipes and reopen in each process."""

    @property
    def fingerprint(self) -> str:
        """Digest of everything in the engine that decides pixels; part of every request."""
        ...

    def segment(self, source: SourceImage) -> torch.Tensor:
        """The anatomy of a source: `(2, H, W)` bool, the patient's right and left lung field."""
        ...

    def synthesize(
        self, jobs: Sequence[Job], on_step: OnStep | None = None
    ) -> list[SyntheticSample | Refusal]:
        """One result a job, in order. No I/O; one bad job never fails the others."""
        ...


def runs_in_workers(synthesizer: Synthesizer) -> bool:
    """Whether a synthesizer may paint inside a DataLoader worker; False unless it says so itself.

    A live engine holds weights, often on a GPU, and neither survives being copied into every worker. An
    implementation without weights has an attribute `runs_in_workers = True`.
    """
    return bool(getattr(synthesizer, "runs_in_workers", False))
