"""The queue between readers and producers: what is wanted, how urgently, and who is at work on it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Table, delete, func, or_, select, update

from medsynth_aug.bank.database import Database, upsert
from medsynth_aug.bank.lookups import chunks
from medsynth_aug.bank.schema import refusals, samples, wanted
from medsynth_aug.synthesis.request import SynthesisRequest

URGENT = 0
"""Priority of a request for whose sample a reader is waiting; larger numbers can wait longer."""

LEASE_S = 600.0
"""How long a producer may be at work on a request before another one takes it over."""


class Wanted:
    """Requests that somebody will need, kept in the bank's database until they have a sample or a refusal.

    Args:
        database: The bank's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, requests: Iterable[SynthesisRequest], *, priority: int) -> None:
        """Ask for requests; one that is met stays met, one that is asked for already becomes more urgent.

        Args:
            requests: In the order in which they will be needed.
            priority: `URGENT` or a larger number, which waits behind the smaller ones.
        """
        asked = {request.digest: request for request in requests}
        if asked:
            self._database.transact(lambda connection: self._ask(connection, asked, priority))

    def _ask(self, connection: Connection, asked: dict[str, SynthesisRequest], priority: int) -> None:
        self._database.alone(connection, "wanted")  # who meets one of them now takes it off after this
        met = {digest for table in (samples, refusals) for digest in _known(connection, table, asked)}
        last = connection.execute(select(func.max(wanted.c.place))).scalar() or 0
        now = datetime.now(UTC)
        rows = [
            {
                "digest": digest, "engine": request.engine, "priority": priority, "place": place,
                "request": request.to_json(), "asked_at": now,
            }
            for place, (digest, request) in enumerate(asked.items(), last + 1)
            if digest not in met
        ]  # fmt: skip
        insert = upsert(connection, wanted)
        hurry = insert.on_conflict_do_update(
            index_elements=[wanted.c.digest],
            set_={"priority": insert.excluded.priority},
            where=wanted.c.priority > insert.excluded.priority,
        )
        if rows:
            connection.execute(hurry, rows)

    def take(self, engine: str, count: int, holder: str) -> list[SynthesisRequest]:
        """The most urgent requests that nobody is at work on; they are the holder's for `LEASE_S` seconds.

        Args:
            engine: Fingerprint of the synthesizer that will make them.
            count: How many at most.
            holder: Name of the one who takes them.
        """
        now = datetime.now(UTC)
        free = or_(wanted.c.held_until.is_(None), wanted.c.held_until < now)
        next_ones = (
            select(wanted.c.digest)
            .where(wanted.c.engine == engine, free)
            .order_by(wanted.c.priority, wanted.c.place, wanted.c.digest)
            .limit(count)
            .with_for_update(skip_locked=True)
            .cte("next_ones")  # worked out once, whatever the database plans
        )
        taking = (
            update(wanted)
            .where(wanted.c.digest.in_(select(next_ones.c.digest)))
            .values(holder=holder, held_until=now + timedelta(seconds=LEASE_S))
            .returning(wanted.c.priority, wanted.c.place, wanted.c.digest, wanted.c.request)
        )
        rows = self._database.transact(lambda connection: connection.execute(taking).all())
        return [SynthesisRequest.from_json(row.request) for row in sorted(rows, key=lambda row: row[:3])]

    def release(self, holder: str) -> None:
        """Give back what a holder was at work on, for example after it was killed."""
        freeing = update(wanted).where(wanted.c.holder == holder).values(holder=None, held_until=None)
        self._database.transact(lambda connection: connection.execute(freeing))

    def forget(self, engine: str, *, above: int) -> None:
        """Take back the requests of an engine whose priority is a larger number than `above`."""
        taking_back = delete(wanted).where(wanted.c.engine == engine, wanted.c.priority > above)
        self._database.transact(lambda connection: connection.execute(taking_back))

    def count(self, engine: str) -> int:
        """How many requests of an engine are wanted, those at work included."""
        with self._database.reading() as connection:
            query = select(func.count()).select_from(wanted).where(wanted.c.engine == engine)
            return connection.execute(query).scalar_one()


def no_longer_wanted(connection: Connection, digest: str) -> None:
    """Take a request off the queue in the transaction that met it."""
    connection.execute(delete(wanted).where(wanted.c.digest == digest))


def _known(connection: Connection, table: Table, digests: Iterable[str]) -> Iterator[str]:
    for chunk in chunks(digests):
        yield from connection.execute(select(table.c.digest).where(table.c.digest.in_(chunk))).scalars()
