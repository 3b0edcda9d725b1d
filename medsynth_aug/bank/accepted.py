"""Which samples are approved, and which approved one stands in for a sample that was replaced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.lookups import among, chunks
from medsynth_aug.bank.schema import samples

APPROVED = "approved"
"""What stands in the column `acceptance` of an approved sample."""

REJECTED = "rejected"
"""The same of a rejected one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An approved sample, and the first draw that it goes back to.

    Args:
        digest: The approved sample.
        root: The sample that was drawn first; the approved one itself, or one that it was made in place of.
        slot: The root's slot.
        source: The root's source.
        attempt: The root's attempt.
        replacements: How many rejections lie between them.
    """

    digest: str
    root: str
    slot: str
    source: str
    attempt: int
    replacements: int


def stand_ins(database: Database, digests: Iterable[str]) -> dict[str, str]:
    """For each of many samples, itself if it is approved, else the approved one that was made in its place.

    Returns:
        Only those for which there is one; of several the one after the fewest rejections.
    """
    roots = {digest: digest for digest in digests}
    found: dict[str, str] = {}
    query = select(samples.c.digest, samples.c.acceptance)
    for row in among(database, query, samples.c.digest, roots):
        if row.acceptance == APPROVED:
            found[row.digest] = row.digest
    frontier = {digest: root for digest, root in roots.items() if root not in found}
    while frontier:
        query = select(samples.c.digest, samples.c.parent, samples.c.acceptance)
        children = sorted(among(database, query, samples.c.parent, frontier), key=lambda row: row.digest)
        new: dict[str, str] = {}
        for row in children:
            root = frontier[row.parent]
            if row.acceptance == APPROVED:
                found.setdefault(root, row.digest)
            new[row.digest] = root
        frontier = {digest: root for digest, root in new.items() if root not in found}
    return found


def approved(database: Database, sources: Sequence[str] | None = None) -> list[Approved]:
    """All approved samples of a bank, by digest; of some sources where given."""
    made: list[Approved] = []
    with database.reading() as connection:
        query = select(samples).where(samples.c.acceptance == APPROVED).order_by(samples.c.digest)
        for chunk in [None] if sources is None else list(chunks(sources)):
            wanted = query if chunk is None else query.where(samples.c.source.in_(chunk))
            columns = wanted.with_only_columns(
                samples.c.digest, samples.c.parent, samples.c.slot, samples.c.source, samples.c.attempt
            )
            rows = connection.execute(columns).all()
            own = [
                Approved(
                    digest=row.digest, root=row.digest, slot=row.slot, source=row.source,
                    attempt=row.attempt, replacements=0,
                )
                for row in rows
            ]  # fmt: skip
            made += _rooted(connection, own, {row.digest: row.parent for row in rows})
    return made


def _rooted(connection: Connection, found: list[Approved], parents: dict[str, str | None]) -> list[Approved]:
    """The same, with what each goes back to; one whose parent was forgotten goes back to nothing."""
    done: list[Approved] = []
    while found:
        done += [one for one in found if parents[one.root] is None]
        climbing = [(one, parents[one.root]) for one in found if parents[one.root] is not None]
        wanted = {parent for _, parent in climbing if parent is not None}
        known = {}
        for chunk in chunks(wanted):
            columns = select(
                samples.c.digest, samples.c.parent, samples.c.slot, samples.c.source, samples.c.attempt
            )
            for row in connection.execute(columns.where(samples.c.digest.in_(chunk))):
                known[row.digest] = row
                parents[row.digest] = row.parent
        found = [
            replace(
                one, root=known[parent].digest, slot=known[parent].slot, source=known[parent].source,
                attempt=known[parent].attempt, replacements=one.replacements + 1,
            )
            for one, parent in climbing
            if parent in known
        ]  # fmt: skip
    return done
