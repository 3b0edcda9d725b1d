"""Follow what happens in a bank: who it is, and its events in the order of their numbers."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.records import as_utc, note_event
from medsynth_aug.bank.schema import events, identity

FORMER = "identity"
"""Kind of the event that names an id which the bank had until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, written in the transaction in which it did.

    Args:
        id: Its number; larger ones came later, but those of transactions that ran side by side may become
            visible in another order.
        kind: `sample`, `acceptance`, `refusal`, `forgotten`, `patient`, `verdict`, `revocation`, `run` ...
        subject: What it happened to: the digest of a sample or request, or an id.
        at: When.
    """

    id: int
    kind: str
    subject: str
    at: datetime


def identity_of(bank: SampleBank) -> str:
    """The bank's own id, the same for everybody who opens its records; a copy of the records keeps it.

    Two copies that are both written to are two banks with one id: whoever follows them takes them for one,
    until one of them gets another with `renew_identity`.
    """
    with bank.database.reading() as connection:
        return str(connection.execute(select(identity.c.id)).scalar_one())


def renew_identity(bank: SampleBank) -> str:
    """Give the bank another id, so that it goes on as a bank of its own; returns it.

    Raises:
        BankError: If the bank cannot be written.
    """
    own = str(uuid.uuid4())

    def write(connection: Connection) -> None:
        note_event(connection, FORMER, connection.execute(select(identity.c.id)).scalar_one())
        connection.execute(identity.update().values(id=own))

    bank.database.transact(write)
    return own


def former_identities(bank: SampleBank) -> list[str]:
    """The ids that the bank had before, the first one first."""
    query = select(events.c.subject).where(events.c.kind == FORMER).order_by(events.c.id)
    with bank.database.reading() as connection:
        return list(connection.execute(query).scalars())


def last_event(bank: SampleBank) -> Event | None:
    """The event with the largest number that can be seen; None where nothing has happened."""
    with bank.database.reading() as connection:
        row = connection.execute(select(events).order_by(events.c.id.desc()).limit(1)).first()
    return None if row is None else _event(row)


def events_after(bank: SampleBank, after: int, limit: int = 1000) -> list[Event]:
    """The next events whose number is larger, by number.

    Args:
        bank: The bank.
        after: A number; 0 begins with the first event.
        limit: At most so many.
    """
    query = select(events).where(events.c.id > after).order_by(events.c.id).limit(limit)
    with bank.database.reading() as connection:
        rows = connection.execute(query).all()
    return [_event(row) for row in rows]


def _event(row: Row[Any]) -> Event:
    return Event(id=row.id, kind=row.kind, subject=row.subject, at=as_utc(row.at))
