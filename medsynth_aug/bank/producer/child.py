"""The producer process as its readers see it: started when it is missing, ended with the training process."""

import contextlib
import hashlib
import os
import platform
import secrets
import shutil
import subprocess
import sys
import time
import weakref
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from medsynth_aug.bank.producer.board import Board
from medsynth_aug.bank.producer.liveness import is_held, runs
from medsynth_aug.bank.producer.recipe import Recipe, send
from medsynth_aug.bank.producer.service import ALIVE, FAILURE
from medsynth_aug.errors import ProducerError

MOST_DEATHS = 3
"""How often a producer process may die without having made anything before that is an error."""

_READY_WITHIN_S = 120.0
_CLOSED_WITHIN_S = 10.0
_LOOK_S = 0.002


class ProducerProcess:
    """The process that serves a board; any reader may start it, the training process ends it.

    Args:
        recipe: What the process is told.
        board: The board that it serves, made by this process.
    """

    def __init__(self, recipe: Recipe, board: Board) -> None:
        self._recipe, self._board = recipe, board
        self._finalizer: weakref.finalize | None = weakref.finalize(self, _close, board, os.getpid())

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_finalizer": None}

    def start(self, *, wait: bool = False) -> None:
        """Start the process unless it runs; a failure that it left behind is raised.

        Args:
            wait: Wait until the process serves; without it only what is known at once is looked at.
        """
        self._raise_failure()
        if self._board.closed:
            raise ProducerError("this producer was closed; build the data set or the transform anew")
        if is_held(self._board.folder / ALIVE):
            return
        try:
            with FileLock(self._board.folder / "start.lock").acquire(timeout=_READY_WITHIN_S if wait else 0):
                while not (is_held(self._board.folder / ALIVE) or self._is_starting()):
                    self._launch()
                    if wait:
                        self._wait_until_it_serves()
        except Timeout:
            return  # somebody else is just starting it

    def _is_starting(self) -> bool:
        return bool(self._board.pid) and runs(self._board.pid)

    def _launch(self) -> None:
        self._raise_failure()
        if self._board.count("fruitless") >= MOST_DEATHS:
            raise ProducerError(
                f"the producer process died {MOST_DEATHS} times without making anything; what it wrote to "
                "standard error, or the system's log (out of memory, for example), says why"
            )
        command = [sys.executable, "-m", "medsynth_aug.bank.producer"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._board.note_start(process.pid)
        _started.setdefault(self._board.folder, []).append(process)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # it may be killed at any moment
            send(self._recipe, pipe)

    def _wait_until_it_serves(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        while self._is_starting() and time.monotonic() < deadline:
            if is_held(self._board.folder / ALIVE):
                return
            time.sleep(_LOOK_S)

    def _raise_failure(self) -> None:
        path = self._board.folder / FAILURE
        if path.exists():
            raise ProducerError(f"the producer process ended: {path.read_text(encoding='utf-8')}")

    def close(self) -> None:
        """End the process and remove the board; elsewhere than in the training process nothing happens."""
        if self._finalizer is not None:
            self._finalizer()


_started: dict[Path, list[subprocess.Popen[bytes]]] = {}
"""The producer processes that this process started, by board; they are waited for when it is closed."""


def _close(board: Board, owner: int) -> None:
    """End the process of a board and remove the board, in the training process only."""
    if os.getpid() != owner:
        return
    board.close()
    deadline = time.monotonic() + _CLOSED_WITHIN_S
    for process in _started.pop(board.folder, []):
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()  # what it stores is there whole or not at all
            process.wait()
    while is_held(board.folder / ALIVE) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)  # one that a DataLoader worker started
    shutil.rmtree(board.folder, ignore_errors=True)


def board_name() -> str:
    """The name of a new board of this process: machine, process, when that was started, and chance."""
    me = psutil.Process()
    return f"{_machine()}-{me.pid}-{me.create_time()}-{secrets.token_hex(4)}"


def sweep_boards(folder: Path) -> None:
    """Remove the boards of training processes of this machine that are gone."""
    for board in folder.glob(f"{_machine()}-*-*-*"):
        _, pid, started, _ = board.name.split("-", 3)
        if not runs(int(pid), float(started)):
            shutil.rmtree(board, ignore_errors=True)


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]
