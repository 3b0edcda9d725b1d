"""What was read of a project's reviews: how far, and the rows that cannot count here yet, with the reason."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import JSON, Column, Connection, Float, MetaData, String, Table, Text, select

from medsynth_aug.bank.failures import failures_named
from medsynth_aug.bank.lookups import chunks
from medsynth_supabase.state.frontier import Frontier, Gap
from medsynth_supabase.state.state import SyncState

_metadata = MetaData()

_progress = Table(
    "inbox_progress",
    _metadata,
    Column("feed", String(16), primary_key=True),
    Column("frontier", JSON, nullable=False),
    Column("begun_s", Float, nullable=False),
)
"""One row a table of the project. `begun_s` is when it was last read from its beginning, as a Unix time."""

_waiting = Table(
    "inbox_waiting",
    _metadata,
    Column("feed", String(16), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("row", JSON, nullable=False),
    Column("why", String(16), nullable=False),
    Column("said", Text, nullable=False),
)
"""One row a row of the project that waits."""

_READ = ("id", "row", "why", "said")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A row of the project that does not count here yet.

    Args:
        id: Id of the review.
        row: The row as it came.
        why: Kind of the reason, such as `"stranger"`.
        said: The reason's subject or words: the stranger's id, or what is malformed.
    """

    id: str
    row: Mapping[str, Any]
    why: str
    said: str


class Inbox:
    """Kept in the file of a sync's state; processes that write it at once only make each other look again.

    Args:
        state: Whose file it is; the tables are made where they are not.

    Raises:
        BankError: If the file cannot be read or written; so does every method.
    """

    def __init__(self, state: SyncState) -> None:
        self._state = state
        with self._transaction(writing=True) as connection:
            _metadata.create_all(connection)

    def progress(self, feed: str) -> tuple[Frontier, float]:
        """How far a table of the project was read, and when its reading last began anew, as a Unix time."""
        query = select(_progress).where(_progress.c.feed == feed)
        with self._transaction() as connection:
            row = connection.execute(query).first()
        if row is None:
            return Frontier(), 0.0
        gaps = tuple(Gap(**gap) for gap in row.frontier["gaps"])
        return Frontier(top=row.frontier["top"], gaps=gaps), row.begun_s

    def waiting(self, feed: str) -> list[Waiting]:
        """The rows of a table that wait, by id."""
        query = select(*(_waiting.c[name] for name in _READ)).where(_waiting.c.feed == feed)
        with self._transaction() as connection:
            return [Waiting(**row) for row in connection.execute(query.order_by(_waiting.c.id)).mappings()]

    def reasons(self, feed: str) -> list[tuple[str, str, str]]:
        """Id, kind and subject of the reason of each row of a table that waits."""
        query = select(_waiting.c.id, _waiting.c.why, _waiting.c.said).where(_waiting.c.feed == feed)
        with self._transaction() as connection:
            return [(row.id, row.why, row.said) for row in connection.execute(query)]

    def settle(
        self, feed: str, frontier: Frontier, begun_s: float, waiting: Iterable[Waiting], done: Collection[str]
    ) -> None:
        """Write down how far was read, what waits now and what does not any more, all or nothing.

        Args:
            feed: The table of the project.
            frontier: How far it was read.
            begun_s: When its reading last began anew, as a Unix time.
            waiting: Rows that wait, new or for another reason than before.
            done: Ids of rows that wait no more.
        """
        rows = [asdict(one) | {"feed": feed} for one in waiting]
        own = _waiting.c.feed == feed
        with self._transaction(writing=True) as connection:
            for chunk in chunks([*done, *(row["id"] for row in rows)]):
                connection.execute(_waiting.delete().where(own, _waiting.c.id.in_(chunk)))
            if rows:
                connection.execute(_waiting.insert(), rows)
            connection.execute(_progress.delete().where(_progress.c.feed == feed))
            held = {"feed": feed, "frontier": asdict(frontier), "begun_s": begun_s}
            connection.execute(_progress.insert().values(**held))

    @contextmanager
    def _transaction(self, *, writing: bool = False) -> Iterator[Connection]:
        with failures_named(self._state.file), self._state.engine.connect() as connection:
            connection.execution_options(immediate=writing)
            with connection.begin():
                yield connection
