"""The bank's SQLite database: one engine a process, durable commits, no connection across a fork."""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, create_engine, event

from medsynth_aug.bank.failures import failures_named
from medsynth_aug.bank.upgrade import ensure_schema
from medsynth_aug.synthesis.digest import canonical_json

BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for other writers."""

_inherited: list[Engine] = []  # closing the parent's connections in a child could harm them: they are kept


class Database:
    """Records in one SQLite file, for many processes.

    Args:
        file: The database; created with its schema if absent, upgraded if older.

    Raises:
        BankError: If the database is not a bank's, newer than this version, or fails.
        BankReadOnlyError: If it cannot be written.
        BankFullError: If the disk is full.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._engine: Engine | None = None
        self._pid = os.getpid()
        lock = FileLock(file.with_suffix(".lock"), timeout=BUSY_TIMEOUT_S)
        with failures_named(file), lock:
            ensure_schema(self._here(), file)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the records."""
        with failures_named(self._file), self._here().connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The only writer's connection; what the body wrote is durable once this has returned."""
        with failures_named(self._file), self._here().connect() as connection:
            connection.execution_options(immediate=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close this process's connections; the next use opens them again."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    def _here(self) -> Engine:
        if self._engine is not None and self._pid != os.getpid():
            _inherited.append(self._engine)
            self._engine = None
        if self._engine is None:
            self._engine, self._pid = _open(self._file), os.getpid()
            weakref.finalize(self, _dispose, self._engine, self._pid)
        return self._engine


def _open(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        json_serializer=canonical_json,
        connect_args={"timeout": BUSY_TIMEOUT_S},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _dispose(engine: Engine, pid: int) -> None:
    if pid == os.getpid():
        engine.dispose()
