"""The bank's tables as SQLAlchemy Core sees them; the migrations create exactly these."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
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
    Column("file", Text),
    Index("samples_by_lesion", "lesion", "digest", "purpose"),
    Index("samples_by_purpose", "purpose", "digest"),
    Index("samples_by_source", "source"),
    Index("samples_by_parent", "parent"),
    Index("samples_by_acceptance", "acceptance", "digest"),
)
"""One row a stored sample; the row is the acknowledgement, and its `file` (null in old banks: the digest) is
where the pixels are. `acceptance` and `scores` come from above."""

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
    Column("subject", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""Outbox: what happened to which digest or id, written in the transaction in which it happened. The user's
consents stand here too, with the place that they are for."""

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

patients = Table(
    "patients",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("record", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
"""One row a virtual patient; the record is written once its images are stored."""

patient_images = Table(
    "patient_images",
    metadata,
    Column("sample", String(64), primary_key=True),
    Column("patient", String(32), nullable=False),
    Column("visit", Integer, nullable=False),
    Index("patient_images_by_patient", "patient", "visit"),
)
"""Whose image a sample is."""

reviewers = Table(
    "reviewers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("senior", Boolean, nullable=False),
    Column("enrolled_at", DateTime(timezone=True), nullable=False),
    Column("retired_at", DateTime(timezone=True)),
)
"""One row a person who reviews."""

assignments = Table(
    "assignments",
    metadata,
    Column("sample", String(64), primary_key=True),
    Column("reviewer", String(36), primary_key=True),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
)
"""Who shall read what."""

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("sample", String(64), nullable=False),
    Column("file_digest", String(64), nullable=False),
    Column("reviewer", String(36), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("comment", Text, nullable=False),
    Column("plausibility", Integer),
    Column("seconds", Float),
    Column("adjudicates", Boolean, nullable=False),
    Column("supersedes", String(36)),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("verdicts_by_sample", "sample"),
    Index("verdicts_by_reviewer", "reviewer", "sample"),
)
"""One row a verdict; rows are never changed. `file_digest` says which pixels were seen."""

revocations = Table(
    "revocations",
    metadata,
    Column("verdict", String(36), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""One row a verdict that counts no more."""

review_policies = Table(
    "review_policies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("policy", JSON, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Every policy that the bank's reviews followed; the last one is in force."""

regenerations = Table(
    "regenerations",
    metadata,
    Column("parent", String(64), primary_key=True),
    Column("verdicts", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("child", String(64)),
    Column("request", JSON(none_as_null=True)),
    Column("given_up", Text),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""One row a rejected sample that was asked for anew as `child`, or given up."""

identity = Table("identity", metadata, Column("id", String(36), primary_key=True))
"""One row: the bank's own id, by which others tell it from other banks, wherever it lies."""

runs = Table(
    "runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("message", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
)
"""One row a run that fills the bank; it is overwritten as the run goes on, and `version` counts that."""
