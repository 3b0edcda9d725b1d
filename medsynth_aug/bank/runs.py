"""Runs that fill a bank: noted in its database as they go on, so that others can follow them."""

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.database import upsert
from medsynth_aug.bank.records import as_utc, note_event
from medsynth_aug.bank.schema import runs
from medsynth_aug.errors import BankError

RunState = Literal["running", "done", "failed"]

EVERY_S = 1.0
"""Shortest time between two notes of a run; the first and the last are always written."""

LONGEST_MESSAGE = 500
"""Characters of what is kept of an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run fares.

    Args:
        id: Global id.
        kind: What runs, such as `"generate"`.
        name: For people; may be empty.
        state: `"running"`, `"done"` or `"failed"`; one that was killed stays running, with its last
            `updated_at`.
        done: How much is done.
        total: How much there is to do, or None if that is not known.
        message: Why it failed; else empty.
        version: Counts the notes of this run, from 1.
        started_at: When it began.
        updated_at: When this was noted.
        finished_at: When it ended, or None.
    """

    id: str
    kind: str
    name: str
    state: RunState
    done: int
    total: int | None
    message: str
    version: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(slots=True)
class RunningRun:
    """A run that goes on; `bank_run` makes it.

    Args:
        bank: Where it is noted.
        row: As it was last noted.
        noted_s: When that was, by the monotonic clock.
    """

    bank: SampleBank
    row: dict[str, Any]
    noted_s: float = field(default=0.0)

    @property
    def id(self) -> str:
        """Its global id."""
        return str(self.row["id"])

    def advance(self, by: int = 1) -> None:
        """Say that more is done; it is noted at most once a second.

        Args:
            by: How much more.

        Raises:
            BankError: If the bank cannot be written.
        """
        self.row["done"] += by
        if self.row["total"] is not None:
            self.row["total"] = max(self.row["total"], self.row["done"])
        if time.monotonic() >= self.noted_s + EVERY_S:
            self.note()

    def note(self, **changes: Any) -> None:
        """Write down how it fares now, with an event in the same transaction."""
        at = datetime.now(UTC)
        row = self.row | {"version": self.row["version"] + 1, "updated_at": at, **changes}

        def write(connection: Connection) -> None:
            adding = upsert(connection, runs).values(**row)
            kept = {name: value for name, value in row.items() if name not in ("id", "started_at")}
            later = runs.c.version < row["version"]  # not so where a first try had counted after all
            writing = adding.on_conflict_do_update(index_elements=[runs.c.id], set_=kept, where=later)
            if connection.execute(writing.returning(runs.c.id)).first() is not None:
                note_event(connection, "run", str(row["id"]))

        self.bank.database.transact(write)
        self.row, self.noted_s = row, time.monotonic()


@contextmanager
def bank_run(
    bank: SampleBank, *, kind: str, name: str = "", total: int | None = None
) -> Iterator[RunningRun]:
    """Note a run from its beginning to its end; an error that ends the block is noted and goes on.

    Args:
        bank: The bank that is filled.
        kind: What runs, such as `"generate"`.
        name: For people.
        total: How much there is to do, or None.

    Raises:
        BankError: If the bank cannot be written.
    """
    at = datetime.now(UTC)
    run = RunningRun(bank, {
        "id": str(uuid.uuid4()), "kind": kind, "name": name, "state": "running", "done": 0, "total": total,
        "message": "", "version": 0, "started_at": at, "updated_at": at, "finished_at": None,
    })  # fmt: skip
    run.note()
    try:
        yield run
    except BaseException as problem:
        _note_failure(run, problem)
        raise
    run.note(state="done", finished_at=datetime.now(UTC))


class LateRun:
    """A run that is noted only once it has begun; until then it only counts.

    Args:
        bank: The bank that is filled.
        kind: What runs, such as `"generate"`.
        name: For people.
        total: How much there is to do, or None.
    """

    def __init__(self, bank: SampleBank, *, kind: str, name: str = "", total: int | None = None) -> None:
        self._bank, self._kind, self._name, self._total = bank, kind, name, total
        self._done, self._stack = 0, ExitStack()
        self._run: RunningRun | None = None

    def __enter__(self) -> "LateRun":
        return self

    def __exit__(self, *problem: Any) -> bool | None:
        return self._stack.__exit__(*problem)

    def begin(self) -> None:
        """Note that it runs; again changes nothing.

        Raises:
            BankError: If the bank cannot be written.
        """
        if self._run is None:
            running = bank_run(self._bank, kind=self._kind, name=self._name, total=self._total)
            self._run = self._stack.enter_context(running)
            self._run.row["done"] = self._done

    def advance(self, by: int) -> None:
        """Say that more is done.

        Raises:
            BankError: If the bank cannot be written.
        """
        self._done += by
        if self._run is not None:
            self._run.advance(by)


def read_run(bank: SampleBank, id_: str) -> Run:
    """The run of that id.

    Raises:
        BankError: If there is none.
    """
    with bank.database.reading() as connection:
        row = connection.execute(select(runs).where(runs.c.id == id_)).first()
    if row is None:
        raise BankError(f"no run {id_} in {bank.path}")
    held = row._asdict()
    times = {name: as_utc(held[name]) for name in ("started_at", "updated_at", "finished_at") if held[name]}
    return Run(**(held | times))


def _note_failure(run: RunningRun, problem: BaseException) -> None:
    """Note why a run ended; a bank that cannot be written must not hide the reason."""
    said = f"{type(problem).__name__}: {problem}".removesuffix(": ")[:LONGEST_MESSAGE]
    try:
        run.note(state="failed", message=said, finished_at=datetime.now(UTC))
    except BankError as other:
        problem.add_note(f"nor could the run be noted as failed: {other}")
