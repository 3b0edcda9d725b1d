"""Follow what happens in a bank: who it is, and its events in the order of their numbers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.records import as_utc
from medsynth_aug.bank.schema import events, identity


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

    Two copies that are both written to are two banks with one id: whoever follows them takes them for one.
    """
    with bank.database.reading() as connection:
        return str(connection.execute(select(identity.c.id)).scalar_one())


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
    return [Event(id=row.id, kind=row.kind, subject=row.subject, at=as_utc(row.at)) for row in rows]
