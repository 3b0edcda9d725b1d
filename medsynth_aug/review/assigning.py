"""Assignments: who shall read which samples."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from medsynth_aug.bank.database import Database, upsert
from medsynth_aug.bank.lookups import chunks
from medsynth_aug.bank.records import note_events
from medsynth_aug.bank.schema import assignments
from medsynth_aug.review.deciding import now
from medsynth_aug.review.people import check_active
from medsynth_aug.review.verdict import Reviewer


def assign(database: Database, digests: Sequence[str], reviewers: Sequence[Reviewer]) -> None:
    """Note who shall read samples that the bank holds; what was assigned before stays.

    Args:
        database: The bank's.
        digests: The samples, each once.
        reviewers: Who shall read every one of them.

    Raises:
        SettingError: If a reader is not enrolled, or has retired.
    """
    at = now()

    def write(connection: Connection) -> None:
        for person in reviewers:
            check_active(connection, person.id)
            for chunk in chunks(digests):
                own = assignments.c.reviewer == person.id, assignments.c.sample.in_(chunk)
                had = set(connection.execute(select(assignments.c.sample).where(*own)).scalars())
                new = [digest for digest in chunk if digest not in had]
                if new:
                    rows = [{"sample": one, "reviewer": person.id, "assigned_at": at} for one in new]
                    connection.execute(upsert(connection, assignments).on_conflict_do_nothing(), rows)
                note_events(connection, "assignment", [f"{one}/{person.id}" for one in new])

    database.transact(write)
