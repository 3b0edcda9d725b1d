"""What a reader has to read: assigned or open, in an order that tells nothing."""

import hashlib

from sqlalchemy import Connection, or_, select

from medsynth_aug.bank.lookups import filtered
from medsynth_aug.bank.schema import assignments, samples, verdicts
from medsynth_aug.review.deciding import decided, policy_in_force
from medsynth_aug.review.policy import Decision
from medsynth_aug.review.verdict import Reviewer


def queue_of(connection: Connection, reviewer: Reviewer, lesion: str | None) -> list[str]:
    """Digests of the samples that a reader has to read.

    Args:
        connection: Sees one state of the records.
        reviewer: The reader.
        lesion: Only samples of this lesion.
    """
    if reviewer.retired_at is not None:
        return []
    dealt = dict[str, set[str]]()
    for sample, reader in connection.execute(select(assignments.c.sample, assignments.c.reviewer)):
        dealt.setdefault(sample, set()).add(reader)
    mine = {sample for sample, readers in dealt.items() if reviewer.id in readers}
    own = select(assignments.c.sample).where(assignments.c.reviewer == reviewer.id)
    open_ones = or_(samples.c.acceptance.is_(None), samples.c.digest.in_(own))
    query = filtered(select(samples.c.digest), lesion, None).where(open_ones)
    wanted = connection.execute(query).scalars().all()
    read = set(connection.execute(select(verdicts.c.sample).distinct()).scalars())
    decisions = decided(connection, [digest for digest in wanted if digest in read])
    readers = policy_in_force(connection).readers
    due = [
        digest
        for digest in wanted
        if _is_due(decisions.get(digest), reviewer, digest in mine, digest in dealt, readers)
    ]
    return sorted(due, key=lambda digest: hashlib.sha256(f"{reviewer.id}{digest}".encode()).digest())


def _is_due(decision: Decision | None, reviewer: Reviewer, mine: bool, dealt: bool, readers: int) -> bool:
    if decision is None:
        return mine or not dealt
    if any(verdict.reviewer == reviewer.id for verdict in decision.counted):
        return False
    if decision.state == "disputed":
        return mine or reviewer.senior
    if decision.state != "pending":
        return mine
    missing = len(decision.counted) < readers
    return mine or (not dealt and (missing or reviewer.senior))
