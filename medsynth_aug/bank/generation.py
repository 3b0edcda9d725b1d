"""Make what a plan asks for and the bank does not hold yet: skip, synthesise in batches, store, try again."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tqdm.auto import tqdm

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.jobs import JobBuilder
from medsynth_aug.bank.runs import LateRun
from medsynth_aug.bank.sources import SourceStore
from medsynth_aug.bank.tracing import Outstanding, trace_all
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.synthesizer import Job, OnStep, Synthesizer

CHUNK = 2048
"""Requests that are looked up in the bank at once; a larger plan is never held in memory whole."""


@dataclass(frozen=True, slots=True)
class GenerationReport:
    """What became of the requests; `wanted` is the sum of the three that follow.

    Args:
        wanted: Distinct requests.
        reused: Requests whose sample the bank held before.
        made: Requests whose sample was made now.
        refused: The last refusal of each request that was given up.
        seconds: Wall-clock time of the whole run.
    """

    wanted: int
    reused: int
    made: int
    refused: tuple[Refusal, ...]
    seconds: float


def generate(
    requests: Sequence[SynthesisRequest],
    synthesizer: Synthesizer,
    bank: SampleBank,
    sources: SourceStore,
    *,
    batch_size: int = 8,
    max_attempts: int = 3,
    progress: bool = True,
    noted: bool = True,
    on_step: OnStep | None = None,
) -> GenerationReport:
    """Fill the bank with the samples of `requests`; a second run goes on where the first one stopped.

    Args:
        requests: What is wanted; duplicates count once.
        synthesizer: Makes the samples; its fingerprint must be the requests' `engine`.
        bank: Where each batch is stored as soon as it is made, and refusals with it.
        sources: Gives the pixels of the requests' sources.
        batch_size: Jobs a call of the synthesizer, at least 1.
        max_attempts: Draws a request before it is given up, at least 1.
        progress: Show a progress bar on standard error.
        noted: Note the run in the bank, so that others can follow it; one that finds nothing to make is none.
        on_step: Called by the synthesizer while it denoises.

    Raises:
        SettingError: If a number is below 1, or outstanding requests were planned for another engine.
        SourceNotFoundError: If the pixels of a source are not to be found.
        BankError: If the bank cannot be read or written; what was stored before stays.
    """
    began = time.perf_counter()
    for name, value in (("batch_size", batch_size), ("max_attempts", max_attempts)):
        if value < 1:
            raise SettingError(f"{name} is {value}; it must be at least 1")
    seen: set[str] = set()
    refused: list[Refusal] = []
    made = 0
    builder = JobBuilder(synthesizer, bank, sources)
    with (
        tqdm(total=len(requests), desc="Synthesising", unit="sample", disable=not progress) as bar,
        LateRun(bank, kind="generate", total=len(requests)) as run,
    ):
        for chunk in _chunks(requests):
            wanted = {request.digest: request for request in chunk}
            new = [request for digest, request in wanted.items() if digest not in seen]
            states = trace_all(bank, new, max_attempts)
            seen |= wanted.keys()
            refused += [state for state in states if isinstance(state, Refusal)]
            queue = deque(sorted((state for state in states if isinstance(state, Outstanding)), key=_place))
            _check_engine(queue, synthesizer)
            bar.update(len(chunk) - len(queue))
            run.advance(len(chunk) - len(queue))
            while queue:
                if noted:
                    run.begin()
                batch = [queue.popleft() for _ in range(min(batch_size, len(queue)))]
                ends = list(make_batch(batch, builder, on_step))
                queue.extendleft(end for end in reversed(ends) if isinstance(end, Outstanding))
                refused += [end for end in ends if isinstance(end, Refusal)]
                made += sum(isinstance(end, str) for end in ends)
                settled = sum(not isinstance(end, Outstanding) for end in ends)
                bar.update(settled)
                run.advance(settled)
    reused = len(seen) - made - len(refused)
    return GenerationReport(len(seen), reused, made, tuple(refused), time.perf_counter() - began)


def _chunks(requests: Iterable[SynthesisRequest]) -> Iterator[list[SynthesisRequest]]:
    iterator = iter(requests)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _place(outstanding: Outstanding) -> tuple[str, str, str]:
    """Sorting key that brings requests with one source together, so that it is read once."""
    request = outstanding.request
    return request.source, request.lesion_name, request.slot


def _check_engine(queue: Iterable[Outstanding], synthesizer: Synthesizer) -> None:
    for outstanding in queue:
        if outstanding.request.engine != synthesizer.fingerprint:
            raise SettingError(
                f"the requests were planned for engine {outstanding.request.engine[:12]}, this synthesizer "
                f"is {synthesizer.fingerprint[:12]}; plan again with it, or load the one they were made for"
            )


def make_batch(
    batch: Sequence[Outstanding], builder: JobBuilder, on_step: OnStep | None
) -> Iterator[str | Refusal | Outstanding]:
    """Synthesise one batch and store it; the end of each: its digest, a last refusal, or what to try next."""
    built = [builder.build(outstanding.request) for outstanding in batch]
    jobs = [job for job in built if isinstance(job, Job)]
    results = iter(builder.synthesizer.synthesize(jobs, on_step) if jobs else [])
    for outstanding, job in zip(batch, built, strict=True):
        result = next(results) if isinstance(job, Job) else job
        if isinstance(result, SyntheticSample):
            builder.bank.add(result)
            yield result.digest
        else:
            builder.bank.refuse(result)
            yield outstanding.after(result)
