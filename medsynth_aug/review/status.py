"""How far the review of a bank is: samples by lesion and state, and what each reader has done."""

from collections import Counter
from dataclasses import dataclass
from statistics import median

from sqlalchemy import and_, func, not_, or_, select

from medsynth_aug.bank.lookups import painted_over
from medsynth_aug.bank.schema import samples, verdicts
from medsynth_aug.review.store import ReviewStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionStatus:
    """Samples of one lesion and purpose, by where they stand.

    Args:
        lesion: Name of the lesion, or "none" for whole images.
        purpose: What they were made for.
        approved: Approved ones.
        rejected: Rejected ones.
        disputed: Those that wait for a senior.
        pending: Those that wait for readers; what a further lesion was painted into waits for none.
    """

    lesion: str
    purpose: str
    approved: int
    rejected: int
    disputed: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderStatus:
    """What one reader has done.

    Args:
        name: The reader.
        senior: Whether a senior.
        retired: Whether retired.
        verdicts: Verdicts given, superseded and revoked ones too.
        due: Samples that wait for this reader.
        seconds: Median time a verdict took, or None where none was measured.
    """

    name: str
    senior: bool
    retired: bool
    verdicts: int
    due: int
    seconds: float | None


def lesion_status(store: ReviewStore) -> tuple[LesionStatus, ...]:
    """One row a lesion and purpose, sorted."""
    key = samples.c.lesion, samples.c.purpose
    waits = and_(samples.c.acceptance.is_(None), not_(painted_over()))
    with store.bank.database.reading() as connection:
        counted = select(*key, samples.c.acceptance, func.count().label("number")).where(
            or_(samples.c.acceptance.is_not(None), waits)
        )
        rows = connection.execute(counted.group_by(*key, samples.c.acceptance)).all()
        said = select(verdicts.c.sample)
        read = select(samples.c.digest, *key).where(waits, samples.c.digest.in_(said))
        undecided = {row.digest: (row.lesion, row.purpose) for row in connection.execute(read)}
    states = Counter[tuple[str, str, str]]()
    for row in rows:
        states[row.lesion, row.purpose, row.acceptance or "pending"] += row.number
    for digest, decision in store.decisions(undecided).items():
        if decision.state == "disputed":
            states[(*undecided[digest], "disputed")] += 1
            states[(*undecided[digest], "pending")] -= 1
    kinds = sorted({(lesion, purpose) for lesion, purpose, _ in states})
    return tuple(
        LesionStatus(
            lesion=lesion, purpose=purpose, approved=states[lesion, purpose, "approved"],
            rejected=states[lesion, purpose, "rejected"], disputed=states[lesion, purpose, "disputed"],
            pending=states[lesion, purpose, "pending"],
        )
        for lesion, purpose in kinds
    )  # fmt: skip


def reader_status(store: ReviewStore) -> tuple[ReaderStatus, ...]:
    """One row a reader, by name."""
    with store.bank.database.reading() as connection:
        rows = connection.execute(select(verdicts.c.reviewer, verdicts.c.seconds)).all()
    taken: dict[str, list[float | None]] = {}
    for row in rows:
        taken.setdefault(row.reviewer, []).append(row.seconds)
    made = []
    for person in store.reviewers:
        own = taken.get(person.id, [])
        measured = [seconds for seconds in own if seconds is not None]
        made.append(
            ReaderStatus(
                name=person.name,
                senior=person.senior,
                retired=person.retired_at is not None,
                verdicts=len(own),
                due=len(store.queue(person)),
                seconds=median(measured) if measured else None,
            )
        )
    return tuple(made)
