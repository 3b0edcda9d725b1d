"""Run as a script: one rank that fills a bank on one core, or the same engine without a bank.

It says `ready` once it has started, begins when it is told to, and says how much processor time that took.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.jobs import JobBuilder
from medsynth_aug.bank.ranks import Rank, share_of
from medsynth_aug.data import Plan
from medsynth_aug.synthesis import Job, SynthesisRequest, Synthesizer

BATCH_SIZE = 2
"""Samples that a rank makes at once."""


def open_engine(checkpoint: str, products: int) -> Synthesizer:
    """The engine that every rank paints with.

    Args:
        checkpoint: `"none"` for the one that multiplies matrices.
        products: How many matrix products that one makes for a sample.
    """
    if checkpoint == "none":
        from medsynth_aug.benchmark.data.engines import BusySynthesizer

        return BusySynthesizer(products)
    from medsynth_aug.diffusion import LesionSynthesizer

    return LesionSynthesizer.from_pretrained(checkpoint, device="cpu")


def run(folder: Path, requests: Sequence[SynthesisRequest], engine: Synthesizer, *, stored: bool) -> None:
    """Make this rank's share when told to.

    Args:
        folder: The bank.
        requests: All that is wanted.
        engine: The synthesizer.
        stored: Store what is made; else only make it.
    """
    bank, rank = SampleBank(folder), Rank.from_environment()
    sources = SourceStore(bank)
    warm_up = replace(requests[rank.number], slot=f"warm-up/{rank.number}")
    generate([warm_up], engine, bank, sources, progress=False)
    share = list(share_of(rank, requests, bank))
    builder = JobBuilder(engine, bank, sources)
    jobs = [job for job in map(builder.build, share) if isinstance(job, Job)]  # anatomies are found here
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    if stored:
        generate(share, engine, bank, sources, batch_size=BATCH_SIZE, progress=False)
    else:
        for first in range(0, len(jobs), BATCH_SIZE):
            engine.synthesize(jobs[first : first + BATCH_SIZE])
    print(time.process_time() - began, flush=True)


if __name__ == "__main__":
    place, plan, checkpoint, products, core, mode = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    run(
        Path(place), Plan.load(Path(plan)).requests, open_engine(checkpoint, int(products)),
        stored=mode == "stored",
    )  # fmt: skip
