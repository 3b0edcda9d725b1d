"""What one transaction writes when a sample is stored, a request refused, or a sample taken away."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.records import is_virtual, note_event, note_events
from medsynth_aug.bank.schema import refusals, samples
from medsynth_aug.bank.wanted import no_longer_wanted
from medsynth_aug.synthesis.request import SynthesisRequest


def acknowledge(database: Database, request: SynthesisRequest, record: dict[str, Any]) -> bool:
    """Store the record of a sample whose pixels are there; False if another writer's was first."""
    digest = record["digest"]

    def write(connection: Connection) -> bool:
        database.in_turn(connection, digest)
        held = connection.execute(select(samples.c.file).where(samples.c.digest == digest)).first()
        if held is not None:
            return bool(held.file == record["file"])  # true where a first try had counted after all
        connection.execute(samples.insert().values(**record, virtual=is_virtual(connection, request)))
        connection.execute(refusals.delete().where(refusals.c.digest == digest))
        no_longer_wanted(connection, digest)
        note_event(connection, "sample", digest)
        return True

    return database.transact(write)


def write_refusal(database: Database, record: dict[str, Any]) -> None:
    """Store a refusal, unless the request has a sample or a refusal."""
    digest = record["digest"]

    def write(connection: Connection) -> None:
        database.in_turn(connection, digest)
        for table in (samples, refusals):
            if connection.execute(select(table.c.digest).where(table.c.digest == digest)).first():
                return
        connection.execute(refusals.insert().values(**record))
        no_longer_wanted(connection, digest)
        note_event(connection, "refusal", digest)

    database.transact(write)


def erase(database: Database, digests: Collection[str]) -> None:
    """Take the records of at most a thousand samples away; their files are to be removed after that."""

    def write(connection: Connection) -> None:
        there = samples.c.digest.in_(digests)
        gone = connection.execute(samples.delete().where(there).returning(samples.c.digest)).scalars().all()
        note_events(connection, "forgotten", gone)

    database.transact(write)
