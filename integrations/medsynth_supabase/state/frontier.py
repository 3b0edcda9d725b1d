"""Which events of a bank are done: numbers may become visible out of turn, and none must be missed.

PostgreSQL hands numbers out before the transactions commit. So a smaller number may appear after a larger
one; a number whose transaction failed never appears. A gap is waited for until every transaction that ran
when it was noticed has ended.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import text

from medsynth_aug.bank import SampleBank

SETTLING_S = 10.0
"""How long a gap is kept at least: a number is drawn a moment before the server knows its transaction."""

_TRANSACTIONS = text(
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, "
    "pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS following"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What a database says of its transactions at one moment.

    Args:
        oldest: The oldest that still runs.
        following: The one that comes next; all that ever began are below.
        time_s: Seconds since any fixed moment.
    """

    oldest: int
    following: int
    time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Numbers that were not seen though a larger one was.

    Args:
        first: The smallest.
        last: The largest.
        until: Transactions below this number may still write them.
        since_s: When it was noticed, in seconds of the clock.
    """

    first: int
    last: int
    until: int
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """How far a bank's events are known.

    Args:
        top: The largest number that was seen.
        gaps: Smaller ones that were not, in order.
    """

    top: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def watermark(self) -> int:
        """Every number up to this one is done: seen, or never to come."""
        return self.gaps[0].first - 1 if self.gaps else self.top

    def seen(self, numbers: Iterable[int], clock: Clock) -> "Frontier":
        """The frontier after more numbers were seen; those that it knows already change nothing.

        Args:
            numbers: In any order.
            clock: As it was after they were read.
        """
        wanted = sorted(set(numbers))
        gaps = [part for gap in self.gaps for part in _without(gap, wanted)]
        top = self.top
        for number in wanted:
            if number > top + 1:
                gaps.append(Gap(first=top + 1, last=number - 1, until=clock.following, since_s=clock.time_s))
            top = max(top, number)
        return Frontier(top=top, gaps=tuple(gaps))

    def passed(self, clock: Clock) -> "Frontier":
        """The frontier without the gaps that nobody can fill any more.

        Args:
            clock: As it was before the gaps were last looked at.
        """
        left = tuple(
            gap for gap in self.gaps if clock.oldest < gap.until or clock.time_s < gap.since_s + SETTLING_S
        )
        return replace(self, gaps=left)


def clock_of(bank: SampleBank, time_s: float) -> Clock:
    """What the bank's database says of its transactions now.

    SQLite has one writer at a time, and a number whose transaction failed is given again: a gap there is a
    number that nobody will write.
    """
    with bank.database.reading() as connection:
        if connection.dialect.name != "postgresql":
            return Clock(oldest=0, following=0, time_s=time_s)
        row = connection.execute(_TRANSACTIONS).one()
    return Clock(oldest=row.oldest, following=row.following, time_s=time_s)


def _without(gap: Gap, numbers: Iterable[int]) -> Iterator[Gap]:
    """What is left of a gap."""
    first = gap.first
    for number in numbers:
        if first <= number <= gap.last:
            if first < number:
                yield replace(gap, first=first, last=number - 1)
            first = number + 1
    if first <= gap.last:
        yield replace(gap, first=first)
