"""Keep a bank and a project together until told to stop: news of each side reach the other at once."""

import logging
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from sqlalchemy import func, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import events
from medsynth_aug.errors import BankError, SyncUnreachableError
from medsynth_supabase.pulling.report import PullReport
from medsynth_supabase.pushing.report import PushReport
from medsynth_supabase.watching.listening import Listener
from medsynth_supabase.watching.readiness import ReadiedGate
from medsynth_supabase.watching.status import Status

LOG = logging.getLogger("medsynth.sync")

LONGEST_PAUSE_S = 30.0
"""The longest pause between two tries while the project is away or the bank is locked."""


class Watched(Protocol):
    """What is watched; `SupabaseSync` is it."""

    @property
    def bank(self) -> SampleBank:
        """The bank."""
        ...

    @property
    def gate(self) -> ReadiedGate:
        """Decides which approved images other people may see."""
        ...

    def push(self, *, aside: bool) -> PushReport:
        """Bring up what happened here; with `aside` what could not be delivered before, too."""
        ...

    def held_up(self) -> list[str]:
        """Why approved images wait for a gate that does not answer, one reason an image."""
        ...

    def pull(self) -> PullReport:
        """Bring in what was said elsewhere."""
        ...

    def listener(self, heard: Callable[[], None]) -> Listener:
        """Hears of new reviews."""
        ...


def watch(
    sync: Watched,
    stop: threading.Event | None = None,
    *,
    poll_s: float = 0.15,
    every_s: float = 30.0,
    pulling: bool = True,
    progress: bool = True,
) -> None:
    """Push and pull until stopped; Ctrl-C and SIGTERM end it cleanly, a second Ctrl-C at once.

    A project that is away, and a bank that is locked, full or not to be reached, is tried again with pauses
    that double up to half a minute; the status says so.

    Args:
        sync: Bank and project.
        stop: Ends it when set.
        poll_s: How often the bank's newest event is asked for, above 0.
        every_s: After how long both are looked at in any case, above 0.
        pulling: Whether reviews are brought in.
        progress: Show a line of status on standard error.

    Raises:
        SyncError: If the project refuses what is asked, a sign-in for example; it would do so again.
    """
    stop = stop or threading.Event()
    heard = threading.Event()
    with _stopped_by_signals(stop), Status(shown=progress) as status:
        watcher = _Watcher(sync, heard, every_s, status)
        if not pulling:
            watcher.run(stop, poll_s, pulling=False)
            return
        with sync.listener(heard.set) as listener:
            watcher.listener = listener
            watcher.run(stop, poll_s, pulling=True)


class _Watcher:
    """What was done up to when, and when it is tried again."""

    def __init__(self, sync: Watched, heard: threading.Event, every_s: float, status: Status) -> None:
        self._sync, self._heard, self._every_s, self._status = sync, heard, every_s, status
        self.listener: Listener | None = None
        self._pushed: int | None = None  # number of the newest event that a push has seen
        self._push_at = self._aside_at = self._pull_at = self._try_at = 0.0
        self._unready = ""  # what the gate said of itself before the last push
        self._pause_s = 0.5

    def run(self, stop: threading.Event, poll_s: float, *, pulling: bool) -> None:
        while not stop.is_set():
            if time.monotonic() >= self._try_at or self._heard.is_set():
                try:
                    self._once(pulling)
                    self._pause_s = 0.5
                except (SyncUnreachableError, BankError) as problem:
                    self._postpone(problem)
            self._status.listening(self.listener is not None and self.listener.is_joined)
            stop.wait(poll_s)

    def _once(self, pulling: bool) -> None:
        """Push if something happened, pull if something was heard, and both now and then."""
        newest, now, unready = _newest_event(self._sync.bank), time.monotonic(), self._sync.gate.problem
        if newest != self._pushed or now >= self._push_at or unready != self._unready:
            self._push(newest, unready, aside=now >= self._aside_at or unready != self._unready)
        if pulling and (self._heard.is_set() or now >= self._pull_at):
            self._heard.clear()  # before reading: what is written meanwhile is heard again
            self._status.pulled(self._sync.pull())
            self._pull_at = time.monotonic() + self._every_s
        self._status.well()

    def _push(self, newest: int, unready: str, *, aside: bool) -> None:
        """Push; what is set aside is looked at again only now and then, so that news go up at once."""
        report = self._sync.push(aside=aside)
        self._pushed, self._unready = newest, unready
        self._push_at = time.monotonic() + (1.0 if report.waiting else self._every_s)
        if aside:
            self._aside_at = time.monotonic() + self._every_s
        held_up = self._sync.held_up()
        self._status.pushed(len(report.delivered))
        self._status.gated(unready or (held_up[0] if held_up else ""), len(held_up))

    def _postpone(self, problem: Exception) -> None:
        """Try again after a pause; what was heard meanwhile is asked for then."""
        self._heard.clear()
        self._pull_at = 0.0
        pause_s = self._pause_s * secrets.SystemRandom().uniform(0.5, 1.0)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._try_at = time.monotonic() + pause_s
        self._status.troubled(problem, pause_s)


def _newest_event(bank: SampleBank) -> int:
    """Number of a bank's newest event, 0 if it has none; quick, however many there are."""
    with bank.database.reading() as connection:
        return connection.execute(select(func.max(events.c.id))).scalar() or 0


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set the event; a second SIGINT interrupts. Only the main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
