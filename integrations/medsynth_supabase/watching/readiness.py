"""Make a gate ready beside a watch, so that neither what is taken back nor what comes in waits for it."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from medsynth_aug.corpus import Gate
from medsynth_aug.corpus.gate import Checked
from medsynth_aug.errors import CheckpointError

LOG = logging.getLogger("medsynth.sync")

AGAIN_S = 30.0
"""After how long a gate that could not be made ready is tried again."""

PREPARING = "the checkpoint's training films are still being compared"
"""Why a gate does not answer in the first seconds of a watch."""


@runtime_checkable
class SlowGate(Gate, Protocol):
    """A gate whose first answer takes long unless it is made ready before; `Gatekeeper` is one."""

    def warm(self) -> None:
        """Do what the first answer would else wait for."""
        ...


class ReadiedGate:
    """A gate that raises while it is being made ready, so that whoever asks does not wait.

    Args:
        gate: Decides; it is asked at once where nobody makes it ready.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why it answers nobody at the moment; "" where it does."""
        return self._problem

    def check(self, digests: Sequence[str]) -> Checked:
        """What the gate says of some samples.

        Raises:
            CheckpointError: If it is not ready, with the reason; the gate's own errors come as they are.
        """
        if self._problem:
            raise CheckpointError(self._problem)
        return self._gate.check(digests)

    @contextmanager
    def made_ready(self, *, again_s: float = AGAIN_S) -> Iterator[None]:
        """Make it ready in a thread while the block runs, and try again where that fails.

        Args:
            again_s: After how long, above 0.
        """
        if not isinstance(self._gate, SlowGate):
            yield
            return
        ended = threading.Event()
        self._problem = PREPARING
        thread = threading.Thread(
            target=self._warm, args=(self._gate, ended, again_s), name="medsynth-gate", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self._problem = ""

    def _warm(self, gate: SlowGate, ended: threading.Event, again_s: float) -> None:
        while not ended.is_set():
            try:
                gate.warm()
            except Exception as problem:  # whatever it is, nothing can be approved
                self._problem = f"{problem or type(problem).__name__}"
                ended.wait(again_s)
            else:
                self._problem = ""
                return
