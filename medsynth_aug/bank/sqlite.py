"""Records in one SQLite file: immediate write transactions, durable commits, a lock file for the opening."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, create_engine, event

from medsynth_aug.synthesis.digest import canonical_json

BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for other writers."""


class SqliteServer:
    """How a bank speaks to SQLite.

    Args:
        file: The database.
    """

    reading: dict[str, Any] = {}  # noqa: RUF012 - read only
    writing: dict[str, Any] = {"immediate": True}  # noqa: RUF012 - read only

    def __init__(self, file: Path) -> None:
        self._file = file
        self.name = str(file)

    def engine(self) -> Engine:
        """A new engine for this process."""
        engine = create_engine(
            URL.create("sqlite", database=str(self._file)),
            json_serializer=canonical_json,
            connect_args={"timeout": BUSY_TIMEOUT_S},
        )
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def opening(self, engine: Engine) -> Iterator[None]:
        """Keep other processes from creating or upgrading the schema."""
        with FileLock(self._file.with_suffix(".lock"), timeout=BUSY_TIMEOUT_S):
            yield

    def prepare(self, engine: Engine) -> None:
        """Set up a database that is about to be migrated."""
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()

    def in_turn(self, connection: Connection, digest: str) -> None:
        """Nothing: there is only one writer at a time."""

    def alone(self, connection: Connection, table: str) -> None:
        """Nothing: there is only one writer at a time."""


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
