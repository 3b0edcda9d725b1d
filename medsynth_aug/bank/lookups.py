"""Questions about many digests at a time, and walks over all samples that hold few of them in memory."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, func, select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.schema import refusals, samples

CHUNK = 1000
"""How many values go into one question; databases limit them."""

PAGE = 10_000
"""How many digests are read at a time."""

PREFIXES = tuple(f"{number:02x}" for number in range(256))
"""The first two digits of digests: 256 parts of a bank, of about the same size."""


def chunks(values: Iterable[str], size: int = CHUNK) -> Iterator[list[str]]:
    """The values in lists of at most `size`."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def among(
    database: Database, query: Select[*tuple[Any, ...]], column: Column[Any], values: Iterable[str]
) -> Iterator[Any]:
    """Rows of a query whose `column` is one of `values`."""
    for chunk in chunks(values):
        with database.reading() as connection:
            found: Sequence[Any] = connection.execute(query.where(column.in_(chunk))).all()
        yield from found


def held(database: Database, digests: Iterable[str]) -> set[str]:
    """Those of the digests that have a sample."""
    return {row.digest for row in among(database, select(samples.c.digest), samples.c.digest, digests)}


def derived_from_real(database: Database, digests: Iterable[str]) -> set[str]:
    """Those of the digests whose sample is not virtual."""
    query = select(samples.c.digest).where(samples.c.virtual.is_(False))
    return {row.digest for row in among(database, query, samples.c.digest, digests)}


def refused(database: Database, digests: Iterable[str]) -> Iterator[Any]:
    """The refusals of those of the digests that were refused."""
    return among(database, select(refusals), refusals.c.digest, digests)


def painted_over() -> ColumnElement[bool]:
    """Whether a further lesion was painted into a sample, so that it is a link of an image and not shown."""
    link = func.substr(samples.c.source, len("sample:") + 1)
    return samples.c.digest.in_(select(link).where(samples.c.source.like("sample:%")).correlate(None))


def filtered(query: Select[Any], lesion: str | None, purpose: str | None) -> Select[Any]:
    """A query over samples, of one lesion or purpose where given."""
    for column, value in ((samples.c.lesion, lesion), (samples.c.purpose, purpose)):
        query = query if value is None else query.where(column == value)
    return query


def walk(
    database: Database, *, lesion: str | None = None, purpose: str | None = None, page: int = PAGE
) -> Iterator[str]:
    """Digests of the samples, sorted; one that is added meanwhile may be left out."""
    query = filtered(select(samples.c.digest), lesion, purpose).order_by(samples.c.digest).limit(page)
    last = ""
    while True:
        with database.reading() as connection:
            found = connection.execute(query.where(samples.c.digest > last)).scalars().all()
        yield from found
        if len(found) < page:
            return
        last = found[-1]


def part(prefix: str) -> ColumnElement[bool]:
    """True for the samples whose digest begins with `prefix`."""
    return samples.c.digest.between(prefix, prefix + "g")  # no digit comes after f


def file_of(row: Any) -> str:
    """Name of the file that holds the pixels of a sample."""
    return row.file or row.digest
