"""The tables of a sync's state, and the file that they lie in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    URL,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.dialects.sqlite import Insert, insert

SCHEMA = 1
"""Version of the tables."""

BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for others."""

metadata = MetaData()

subjects = Table(
    "subjects",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("event", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("told", Text),
    Column("told_event", Integer, nullable=False),
    Column("pixels", String(64)),
    Column("objects_event", Integer, nullable=False),
    Column("sha256", String(64)),
    Column("unsure", Boolean, nullable=False),
    Column("answer", Text),
    Column("patient", Text),
    Column("problem", Text),
    Column("tries", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("subjects_by_patient", "patient"),
)
"""One row a subject of events: the last one, the last that is delivered, and what the project was told."""

notes = Table("notes", metadata, Column("name", Text, primary_key=True), Column("value", JSON))
"""How far other things are: the frontier, how far reviews were pulled."""


def open_file(file: Path) -> Engine:
    """The engine of a state's file, with its tables; every commit is durable."""
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(URL.create("sqlite", database=str(file)), connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        metadata.create_all(connection)
    return engine


def touch(connection: Connection, met: Mapping[tuple[str, str], int]) -> None:
    """Write down the last event on each of some subjects; a smaller number than is known changes nothing.

    A newer one takes a subject back from where it was set aside.
    """
    rows = [
        {
            "kind": kind, "subject": subject, "event": number, "delivered": 0, "told_event": 0,
            "objects_event": 0, "unsure": False, "tries": 0, "at": moment(),
        }
        for (kind, subject), number in met.items()
    ]  # fmt: skip
    if rows:
        adding = insert(subjects)
        is_newer = adding.excluded.event > subjects.c.event
        newest = {"event": adding.excluded.event, "problem": None}
        connection.execute(adding.on_conflict_do_update(set_=newest, where=is_newer), rows)


def put_note(name: str, value: Any) -> Insert:
    """A statement that writes a note down."""
    adding = insert(notes).values(name=name, value=value)
    return adding.on_conflict_do_update(set_={"value": adding.excluded.value})


def moment() -> datetime:
    """The time that is written down."""
    return datetime.now(UTC)


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
