"""The bank's tables as SQLAlchemy Core sees them; the migrations create exactly these."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

samples = Table(
    "samples",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("lesion", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("virtual", Boolean, nullable=False),
    Column("slot", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("parent", String(64)),
    Column("request", JSON, nullable=False),
    Column("provenance", JSON, nullable=False),
    Column("timings", JSON, nullable=False),
    Column("box", JSON(none_as_null=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("file_digest", String(64), nullable=False),
    Column("file_size", Integer, nullable=False),
    Column("acceptance", Text),
    Column("scores", JSON(none_as_null=True)),
    Index("samples_by_lesion", "lesion", "purpose"),
    Index("samples_by_source", "source"),
)
"""One row a stored sample; the row is the acknowledgement. `acceptance` and `scores` come from above."""

refusals = Table(
    "refusals",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("lesion", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("request", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
"""One row a request that could not be met."""

anatomies = Table(
    "anatomies",
    metadata,
    Column("source", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("map", String(64), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
"""Which map is the anatomy of a source, by the model that found it."""

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""Outbox: what happened to which digest, written in the transaction in which it happened."""

wanted = Table(
    "wanted",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("engine", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("request", JSON, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("holder", Text),
    Column("held_until", DateTime(timezone=True)),
    Index("wanted_in_turn", "engine", "priority", "place"),
)
"""One row a request that somebody will need and that has neither sample nor refusal yet."""
