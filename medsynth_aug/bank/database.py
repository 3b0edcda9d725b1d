"""The bank's database: one engine a process, durable commits, no connection across a fork."""

import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from medsynth_aug.bank.failures import TRY_AGAIN, failures_named, sqlstate
from medsynth_aug.bank.upgrade import ensure_schema

Result = TypeVar("Result")

_inherited: list[Engine] = []  # closing the parent's connections in a child could harm them: they are kept

_PAUSES_S = (0.05, 0.2, 1.0)
"""How long to wait before a transaction is tried again."""


class Server(Protocol):
    """What differs between SQLite and PostgreSQL."""

    name: str
    reading: dict[str, Any]
    writing: dict[str, Any]

    def engine(self) -> Engine:
        """A new engine for this process."""
        ...

    def opening(self, engine: Engine) -> AbstractContextManager[None]:
        """Keep other processes from creating or upgrading the schema."""
        ...

    def prepare(self, engine: Engine) -> None:
        """Set up a database that is about to be migrated."""
        ...

    def in_turn(self, connection: Connection, digest: str) -> None:
        """Let only one transaction at a time decide what becomes of a digest."""
        ...

    def alone(self, connection: Connection, table: str) -> None:
        """Keep others from changing a table until this transaction ends; they may read it."""
        ...


class Database:
    """Records for many processes.

    Args:
        server: SQLite or PostgreSQL. The schema is created if absent, upgraded if older.
        before_creation: Called before the schema is created, while no other process can; may raise.

    Raises:
        BankError: If the database is not a bank's, newer than this version, or fails.
        BankReadOnlyError: If it cannot be written.
        BankFullError: If the disk is full.
        BankUnreachableError: If the server does not answer.
    """

    def __init__(self, server: Server, *, before_creation: Callable[[], None] | None = None) -> None:
        self._server = server
        self.name = server.name
        self.in_turn, self.alone = server.in_turn, server.alone
        self._engine: Engine | None = None
        self._pid = os.getpid()
        with failures_named(self.name), server.opening(self._here()):
            ensure_schema(self._here(), server, before_creation)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the records."""
        with failures_named(self.name), self._here().connect() as connection:
            connection.execution_options(**self._server.reading)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A writer's connection; what the body wrote is durable once this has returned."""
        with failures_named(self.name), self._begun() as connection:
            yield connection

    def transact(self, body: Callable[[Connection], Result]) -> Result:
        """What `body` returns, run in one write transaction that is durable once this has returned.

        It is run again where it failed only because of other writers, or because the connection was lost: it
        must do the same then, also where the first time had counted after all.
        """
        with failures_named(self.name):
            for pause_s in (*_PAUSES_S, None):
                try:
                    with self._begun() as connection:
                        return body(connection)
                except DBAPIError as problem:
                    again = problem.connection_invalidated or sqlstate(problem) in TRY_AGAIN
                    if pause_s is None or not again:
                        raise
                    time.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Close this process's connections; the next use opens them again."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        with self._here().connect() as connection:
            connection.execution_options(**self._server.writing)
            with connection.begin():
                yield connection

    def _here(self) -> Engine:
        if self._engine is not None and self._pid != os.getpid():
            _inherited.append(self._engine)
            self._engine = None
        if self._engine is None:
            self._engine, self._pid = self._server.engine(), os.getpid()
            weakref.finalize(self, _dispose, self._engine, self._pid)
        return self._engine


def upsert(connection: Connection, table: Table) -> Any:
    """An insert that may say what to do on a conflict, in the words of the database at hand."""
    dialects = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return dialects[connection.dialect.name](table)


def _dispose(engine: Engine, pid: int) -> None:
    if pid == os.getpid():
        engine.dispose()
