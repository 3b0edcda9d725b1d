"""An engine travels as a recipe: another process reopens it, gives the same pixels, sees what it writes."""

import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from pickle import dumps
from typing import Any, NamedTuple

import torch

from medsynth_aug.errors import ConformanceError
from medsynth_aug.lesions import Lesion
from medsynth_aug.lesions.priors import prior_function
from medsynth_aug.synthesis import Synthesizer, SyntheticSample
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.synthesizers.asking import ask, paint
from medsynth_aug.testing.synthesizers.jobs import JobMaker
from medsynth_aug.testing.writing import written_during

LARGEST_RECIPE = 2**20
"""Bytes; a path, a URL and settings are far below, weights far above."""

TIMEOUT_S = 300.0


class Answer(NamedTuple):
    """What the other process found.

    Args:
        problem: Why there are no pixels; empty if there are.
        fingerprint: That of the reopened engine.
        pixels: Digests of image, mask and edit region.
        written: What it wrote, removed or made on disk when it painted the same job once more.
    """

    problem: str = ""
    fingerprint: str = ""
    pixels: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


def it_pickles_as_a_recipe(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """It pickles, as a recipe (path, URL, settings) and without its weights."""
    try:
        size = len(dumps(synthesizer))
    except Exception as problem:
        raise ConformanceError(
            f"it does not pickle ({type(problem).__name__}: {problem}); give it a __reduce__ that names how "
            "to open it"
        ) from problem
    expect(
        size <= LARGEST_RECIPE,
        f"it pickles to {size / 2**20:.1f} MiB; give it a __reduce__ that names how to open it instead of "
        "carrying its weights",
    )


def it_reopens_in_another_process(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """In a spawned process it has the same fingerprint and gives the same pixels."""
    (painted,) = paint(synthesizer, [maker.job(synthesizer)])
    answer = _asked_elsewhere(synthesizer, maker, painted.job.request.attempt)
    expect(not answer.problem, f"in another process: {answer.problem}")
    told = (answer.fingerprint, synthesizer.fingerprint)
    expect(told[0] == told[1], f"in another process its fingerprint is {told[0]!r}, here it is {told[1]!r}")
    expect(
        answer.pixels == _digests(painted.sample), "in another process the same request gives other pixels"
    )


def it_writes_no_files(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Painting leaves the disk alone, once it has painted: caches of a first call may be filled."""
    (painted,) = paint(synthesizer, [maker.job(synthesizer)])
    answer = _asked_elsewhere(synthesizer, maker, painted.job.request.attempt)
    expect(not answer.problem, f"in another process: {answer.problem}")
    expect(
        not answer.written,
        f"painting wrote to {', '.join(answer.written)}; give everything back in the sample, storing it is "
        "the bank's part",
    )


def _asked_elsewhere(synthesizer: Synthesizer, maker: JobMaker, attempt: int) -> Answer:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(theirs,), daemon=True)
    with _main_left_alone():
        process.start()
    theirs.close()
    try:
        ours.send((torch.get_num_threads(), _modules_of(maker.lesion)))
        ours.send((synthesizer, maker, attempt))
        return ours.recv() if ours.poll(TIMEOUT_S) else Answer(f"no answer within {TIMEOUT_S:g} seconds")
    except (EOFError, BrokenPipeError):
        return Answer("the process ended without an answer; see what it wrote to standard error")
    finally:
        ours.close()
        process.kill()
        process.join()
        process.close()


def _answer(connection: Connection) -> None:
    """What the other process does: reopen, paint, tell."""
    try:
        threads, modules = connection.recv()
        torch.set_num_threads(threads)  # in fp32, pixels depend on it
        for name in modules:
            import_module(name)
        answer = _painted_here(*connection.recv())
    except Exception as problem:
        advice = "; define it in a module that can be imported" if "__main__" in str(problem) else ""
        answer = Answer(f"{type(problem).__name__}: {problem}{advice}")
    connection.send(answer)
    connection.close()


def _painted_here(synthesizer: Synthesizer, maker: JobMaker, attempt: int) -> Answer:
    job = maker.job(synthesizer, attempt=attempt)
    (result,) = ask(synthesizer, [job])
    if not isinstance(result, SyntheticSample):
        return Answer(f"the job is refused there: {result.reason}")
    written = written_during(lambda: ask(synthesizer, [job]))
    return Answer("", synthesizer.fingerprint, _digests(result), written)


def _digests(sample: SyntheticSample) -> tuple[str, ...]:
    return tuple(digest_pixels(part) for part in (sample.image, sample.mask, sample.edit_region))


def _modules_of(lesion: Lesion) -> list[str]:
    """Where the priors are registered, so that the other process can paint a lesion of the user's own."""
    functions = (
        prior_function("placement", lesion.placement),
        prior_function("shape", lesion.shape),
        prior_function("intensity", lesion.intensity),
    )
    return sorted({function.__module__ for function in functions})


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """Keep multiprocessing from running the main script anew in the other process, guarded or not."""
    main: Any = sys.modules["__main__"]
    kept = {name: vars(main)[name] for name in ("__spec__", "__file__") if name in vars(main)}
    main.__spec__ = None
    vars(main).pop("__file__", None)
    try:
        yield
    finally:
        vars(main).update(kept)
