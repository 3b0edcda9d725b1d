"""Records in PostgreSQL: many writers at a time, and the few locks that keep them from crossing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, text

from medsynth_aug.errors import BankError
from medsynth_aug.synthesis.digest import canonical_json

_OPENING = 0x6D656473796E7468
"""Key of the advisory lock under which a schema is created; it reads "medsynth"."""


class PostgresServer:
    """How a bank speaks to PostgreSQL.

    Args:
        url: Of the database, with the driver psycopg.

    Raises:
        BankError: If the driver is not installed.
    """

    reading: dict[str, Any] = {"isolation_level": "REPEATABLE READ"}  # noqa: RUF012 - read only
    writing: dict[str, Any] = {"isolation_level": "READ COMMITTED"}  # noqa: RUF012 - read only

    def __init__(self, url: URL) -> None:
        self._url = url
        self.name = url.render_as_string(hide_password=True)
        try:
            import psycopg  # noqa: F401 - only whether it is there
        except ImportError as problem:
            raise BankError(
                f"{self.name} needs the package psycopg; pip install 'medsynth-aug[postgres]'"
            ) from problem

    def engine(self) -> Engine:
        """A new engine for this process."""
        return create_engine(
            self._url, json_serializer=canonical_json, pool_pre_ping=True, hide_parameters=True
        )

    @contextmanager
    def opening(self, engine: Engine) -> Iterator[None]:
        """Keep other processes, on other machines too, from creating or upgrading the schema."""
        with engine.connect() as connection, connection.begin():
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _OPENING})
            yield

    def prepare(self, engine: Engine) -> None:
        """Nothing: a server is set up by its administrator."""

    def in_turn(self, connection: Connection, digest: str) -> None:
        """Let only one transaction at a time decide what becomes of a digest."""
        key = int.from_bytes(bytes.fromhex(digest[:16]), signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})

    def alone(self, connection: Connection, table: str) -> None:
        """Keep others from changing a table until this transaction ends; they may read it."""
        connection.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
