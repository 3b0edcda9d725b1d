"""The reader's side of a producer: starts its process, waits for samples, and counts how often it had to."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import psutil
from numpy.typing import NDArray

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.failures import failures_named
from medsynth_aug.bank.producer.agenda import AHEAD_OF_NEED
from medsynth_aug.bank.producer.board import Board
from medsynth_aug.bank.producer.child import ProducerProcess, board_name, sweep_boards
from medsynth_aug.bank.producer.draws import Draws, SameLesion
from medsynth_aug.bank.producer.given import epoch_number, whole_number
from medsynth_aug.bank.producer.recipe import PackedSynthesizer, Recipe
from medsynth_aug.bank.producer.report import ProductionReport
from medsynth_aug.bank.tracing import Outstanding, trace
from medsynth_aug.bank.wanted import URGENT
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal
from medsynth_aug.synthesis.synthesizer import Synthesizer

OnLate = Literal["wait", "reuse"]
"""What to do about a sample that is not there yet: wait for it, or serve an earlier draw of its place."""

_LOOK_S = 0.5
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.002, 0.05


class Producer:
    """Keeps a process at work that makes the samples which the readers of a bank will need.

    The process starts at once, looks `ahead` reads ahead, makes first what a reader waits for, and ends with
    the training process, however that ends. If it is killed, whoever misses a sample starts it again; nothing
    that was stored is lost. Where several training processes share a bank and a device, one of their
    producers makes the samples of all and the others stand by.

    It travels into DataLoader workers, by fork or spawn, without the engine.

    Args:
        synthesizer: Makes the samples, in the other process: it must pickle.
        bank: Where the samples go, and where the sources of all requests are.
        requests: The planned request of each place; may be empty.
        draws: How the draws of a place follow each other.
        ahead: How many reads to look ahead, at least 0.
        on_late: What to do about a sample that is not there yet: wait for it, or serve an earlier draw of its
            place, if there is one, and note that in `substitutions.csv` in the bank's folder.
        batch_size: Samples made at once, at least 1.
        max_attempts: Draws for one place before it is given up, at least 1.

    Raises:
        SettingError: If a number is not whole or out of its range, `on_late` is unknown, or the synthesizer
            is none or cannot travel.
        ProducerError: If the process does not start.
    """

    def __init__(
        self,
        synthesizer: Synthesizer | PackedSynthesizer,
        bank: SampleBank,
        requests: Sequence[SynthesisRequest] = (),
        *,
        draws: Draws | None = None,
        ahead: int = 512,
        on_late: OnLate = "wait",
        batch_size: int = 8,
        max_attempts: int = 3,
    ) -> None:
        ahead = whole_number("ahead", ahead, least=0)
        batch_size = whole_number("batch_size", batch_size, least=1)
        max_attempts = whole_number("max_attempts", max_attempts, least=1)
        check_on_late(on_late)
        if not isinstance(synthesizer, PackedSynthesizer):
            synthesizer = PackedSynthesizer.of(synthesizer)
        self._draws: Draws = draws or SameLesion()
        self._max_attempts, self._bank, self._on_late = max_attempts, bank, on_late
        sweep_boards(bank.path / "boards")
        root = psutil.Process()
        self._board = Board.create(bank.path / "boards" / board_name(), len(requests))
        recipe = Recipe(
            root_pid=root.pid, root_started=root.create_time(), board=self._board.folder, bank=bank,
            synthesizer=synthesizer, requests=requests, draws=self._draws, ahead=ahead, batch_size=batch_size,
            max_attempts=max_attempts,
        )  # fmt: skip
        self._process = ProducerProcess(recipe, self._board)
        self._process.start()

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, for the readers in all processes.

        Raises:
            SettingError: If the epoch is no whole number from 0 on.
        """
        self._board.set_epoch(epoch_number(epoch))

    @property
    def epoch(self) -> int:
        """The epoch that the readers are in."""
        return self._board.epoch

    def publish_order(self, places: Sequence[int] | NDArray[np.int64]) -> None:
        """Say in which order the places will be read in this epoch."""
        self._board.publish_order(places)

    def fetch(
        self,
        planned: SynthesisRequest,
        *,
        place: int | None = None,
        bring: Callable[[], None] | None = None,
    ) -> str | Refusal:
        """Digest of the stored sample that serves a request in this epoch; waits for it if it must.

        Args:
            planned: The planned request.
            place: Its place in the plan; None if it was not planned.
            bring: Puts what the request names into the bank; called only if the sample is missing.

        Returns:
            The digest, or the last refusal where all attempts were refused.

        Raises:
            ProducerError: If the producer failed, with its reason.
        """
        number = self._draws.number(place or 0, self.epoch)
        request = self._draws.request(planned, number)
        state = trace(self._bank, request, self._max_attempts)
        counts = {"served": 1}
        if isinstance(state, Outstanding):
            if bring is not None:
                bring()
            self._ask_for(state.request, wait=False)
            old = self._earlier(planned, number) if self._on_late == "reuse" else None
            if old is None:
                state, waited_s = self._wait(request)
                counts |= {"late": 1, "waited_us": int(1e6 * waited_s)}
            else:
                state = old
                counts |= {"late": 1, "substituted": 1}
                self._note_substitution(place, request.digest, old)
        if place is not None:
            self._board.mark_read(place)
        self._board.add(**counts)
        return state

    def pass_over(
        self,
        planned: SynthesisRequest,
        *,
        place: int | None = None,
        bring: Callable[[], None] | None = None,
    ) -> None:
        """Have the sample of a request for this epoch made for later, and wait for nothing.

        Args:
            planned: The planned request.
            place: Its place in the plan; None if it was not planned.
            bring: Puts what the request names into the bank; called only if the sample is missing.

        Raises:
            ProducerError: If the producer failed, with its reason.
        """
        request = self._draws.request(planned, self._draws.number(place or 0, self.epoch))
        state = trace(self._bank, request, self._max_attempts)
        if isinstance(state, Outstanding):
            if bring is not None:
                bring()
            self._bank.wanted.add([state.request], priority=AHEAD_OF_NEED)
            self._process.start()
        if place is not None:
            self._board.mark_read(place)
        self._board.add(served=1)

    @property
    def folder(self) -> Path:
        """Where the process and its readers meet; it goes when the producer is closed."""
        return self._board.folder

    def report(self) -> ProductionReport:
        """Counts since this producer was opened, over all its readers."""
        count = self._board.count
        return ProductionReport(
            epoch=self._board.epoch, served=count("served"), late=count("late"),
            substituted=count("substituted"), waited_s=count("waited_us") / 1e6, made=count("made"),
            refused=count("refused"), busy_s=count("busy_us") / 1e6, starts=count("starts"),
        )  # fmt: skip

    def close(self) -> None:
        """End the process, in the training process; what was made stays in the bank."""
        self._process.close()

    def __deepcopy__(self, memo: object) -> "Producer":
        return self  # one process serves all copies of a data set or a transform

    def _ask_for(self, request: SynthesisRequest, *, wait: bool) -> None:
        self._bank.wanted.add([request], priority=URGENT)
        self._board.call()
        self._process.start(wait=wait)

    def _earlier(self, planned: SynthesisRequest, number: int) -> str | None:
        """Digest of the newest draw before this one that is in the bank."""
        requests = (self._draws.request(planned, old) for old in reversed(range(number)))
        traced = (trace(self._bank, request, self._max_attempts) for request in requests)
        return next((state for state in traced if isinstance(state, str)), None)

    def _note_substitution(self, place: int | None, wanted: str, served: str) -> None:
        path = self._bank.path / "substitutions.csv"
        with failures_named(path), path.open("a", encoding="utf-8") as file:
            if file.tell() == 0:
                file.write("at,epoch,place,wanted,served\n")
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            file.write(f"{now},{self.epoch},{'' if place is None else place},{wanted},{served}\n")

    def _wait(self, request: SynthesisRequest) -> tuple[str | Refusal, float]:
        began = looked = time.perf_counter()
        pause = _SHORTEST_WAIT_S
        asked = request.digest
        while True:
            state = trace(self._bank, request, self._max_attempts)
            now = time.perf_counter()
            if not isinstance(state, Outstanding):
                return state, now - began
            if state.request.digest != asked or now - looked > _LOOK_S:
                asked, looked = state.request.digest, now
                self._ask_for(state.request, wait=True)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_WAIT_S)


def check_on_late(on_late: str) -> None:
    """Check what is to be done about a sample that is not there yet.

    Raises:
        SettingError: If it is unknown.
    """
    if on_late not in get_args(OnLate):
        raise SettingError(f'on_late is {on_late!r}; use "wait" or "reuse"')
