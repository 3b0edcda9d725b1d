"""A Synthesizer without weights: it paints the lesion prior as it is. For tests, docs and dry runs."""

import time
from collections.abc import Sequence

import numpy as np
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.errors import MedsynthError
from medsynth_aug.synthesis.compose import check_whole, compose, compose_whole
from medsynth_aug.synthesis.digest import digest_json, seed_of
from medsynth_aug.synthesis.preparation import prepare
from medsynth_aug.synthesis.request import PIXEL_VERSION
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import DenoisingStep, Job, OnStep


class FakeSynthesizer:
    """Deterministic and instant: the composite of the lesion prior, blended into the source.

    It keeps every guarantee of the seam but one: no diffusion model has seen the image. Without an anatomy
    in the job it assumes a textbook thorax.
    """

    runs_in_workers = True
    """It has no weights, so every DataLoader worker may hold one."""

    @property
    def fingerprint(self) -> str:
        """Digest of what decides pixels."""
        return digest_json({"engine": "fake", "pixel_version": PIXEL_VERSION})

    def segment(self, source: SourceImage) -> torch.Tensor:
        """A textbook thorax on the grid of the source, `(2, H, W)` bool."""
        return schematic_lungs((source.pixels.shape[1], source.pixels.shape[2]))

    def synthesize(
        self, jobs: Sequence[Job], on_step: OnStep | None = None
    ) -> list[SyntheticSample | Refusal]:
        """One result a job, in order."""
        results = [self._one(job) for job in jobs]
        if on_step is not None:
            on_step(DenoisingStep(tuple(job.request.digest for job in jobs), 1, 1))
        return results

    def _one(self, job: Job) -> SyntheticSample | Refusal:
        began = time.perf_counter()
        if job.source is None:
            return self._whole(job, began)
        prepared = prepare(job, self.segment)
        if isinstance(prepared, Refusal):
            return prepared
        scene, drawing = prepared
        timings = {"prepare": time.perf_counter() - began}
        return compose(job, scene, drawing, drawing.composite, maker="FakeSynthesizer", timings=timings)

    def _whole(self, job: Job, began: float) -> SyntheticSample | Refusal:
        """A phantom thorax: dark lungs in soft tissue, with grain."""
        try:
            check_whole(job)
        except MedsynthError as problem:
            return Refusal(job.request, str(problem), final=True)
        assert job.anatomy is not None
        lungs = job.anatomy.any(0).numpy()
        rng = np.random.default_rng(seed_of(job.request.draw_digest, "noise"))
        grey = np.where(lungs, 0.3, 0.65) + rng.normal(0, 0.02, lungs.shape)
        timings = {"prepare": time.perf_counter() - began}
        return compose_whole(job, grey.astype(np.float32), maker="FakeSynthesizer", timings=timings)
