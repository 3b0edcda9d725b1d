"""The producer process: ask for what is due and, where the device is its own, make what is wanted."""

import os
import platform
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from medsynth_aug.bank.generation import make_batch
from medsynth_aug.bank.jobs import JobBuilder
from medsynth_aug.bank.producer.agenda import Agenda
from medsynth_aug.bank.producer.board import Board
from medsynth_aug.bank.producer.liveness import runs
from medsynth_aug.bank.producer.recipe import PackedSynthesizer, Recipe
from medsynth_aug.bank.sources import SourceStore
from medsynth_aug.bank.tracing import Outstanding
from medsynth_aug.bank.wanted import URGENT
from medsynth_aug.errors import MedsynthError
from medsynth_aug.synthesis.sample import Refusal

ALIVE = "alive.lock"
"""Held by the process that serves a board, to its very end; whoever can take it knows that nobody does."""

FAILURE = "failure.txt"
"""Why the process ended, for the readers."""

_LOOK_S = 0.3
_SHORTEST_REST_S, _LONGEST_REST_S = 0.005, 0.2


def serve(recipe: Recipe) -> None:
    """Work until the board is closed or the training process is gone; errors go to the readers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training loop to decide
    if not recipe.board.is_dir():
        return  # closed while this process was starting
    board = Board(recipe.board)
    alive = FileLock(recipe.board / ALIVE)
    try:
        alive.acquire(timeout=1)
    except Timeout:
        return  # another process serves this board
    threading.Thread(target=_end_with, args=(recipe, board), daemon=True).start()
    try:
        _work(recipe, board)
    except Exception as problem:
        told = str(problem) if isinstance(problem, MedsynthError) else f"{type(problem).__name__}: {problem}"
        aside = recipe.board / f"{FAILURE}.{os.getpid()}"
        aside.write_text(told, encoding="utf-8")
        aside.replace(recipe.board / FAILURE)
        raise


def device_lock(folder: Path, synthesizer: PackedSynthesizer) -> FileLock:
    """The lock that one producer of an engine holds on a device of this machine."""
    folder.mkdir(exist_ok=True)
    device = synthesizer.device.replace(":", "-")
    return FileLock(folder / f"{device}-{synthesizer.fingerprint[:16]}.lock")


def _work(recipe: Recipe, board: Board) -> None:
    agenda = Agenda(
        recipe.requests, board, recipe.bank,
        draws=recipe.draws, ahead=recipe.ahead, max_attempts=recipe.max_attempts,
    )  # fmt: skip
    lock = device_lock(recipe.bank.path / "producers", recipe.synthesizer)
    make: Callable[[], int] | None = None
    rest = _SHORTEST_REST_S
    while not board.closed:
        agenda.ask()
        if make is None:
            make = _maker(recipe, board, lock)
        made = 0 if make is None else make()
        rest = _SHORTEST_REST_S if made else min(2 * rest, _LONGEST_REST_S)
        if not made:
            board.rest(rest)


def _maker(recipe: Recipe, board: Board, lock: FileLock) -> Callable[[], int] | None:
    """What makes the next batch, once the device belongs to this process; it says how many it took on."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    bank, engine = recipe.bank, recipe.synthesizer.fingerprint
    holder = f"{platform.node()}/{recipe.synthesizer.device}/{engine[:16]}"
    bank.wanted.release(holder)  # what the holder before this one was killed over
    builder: JobBuilder | None = None

    def make() -> int:
        nonlocal builder
        batch = bank.wanted.take(engine, recipe.batch_size, holder)
        if not batch:
            return 0
        if builder is None:  # a bank that holds everything never needs the engine
            builder = JobBuilder(recipe.synthesizer.open(), bank, SourceStore(bank))
        began = time.perf_counter()
        left = [Outstanding(one, max(0, recipe.max_attempts - 1 - one.attempt)) for one in batch]
        ends = list(make_batch(left, builder, None))
        again = [end.request for end in ends if isinstance(end, Outstanding)]
        bank.wanted.add(again, priority=URGENT)
        refused = sum(isinstance(end, Refusal) for end in ends) + len(again)
        busy_us = int(1e6 * (time.perf_counter() - began))
        board.note_batch(made=len(ends) - refused, refused=refused, busy_us=busy_us)
        return len(ends)

    return make


def _end_with(recipe: Recipe, board: Board) -> None:
    """End this process when the training process is gone or has closed the board, whatever it is doing.

    Everything that it stores is there whole or not at all, so that it may end at any moment.
    """
    while not board.closed and runs(recipe.root_pid, recipe.root_started):
        time.sleep(_LOOK_S)
    os._exit(0)
