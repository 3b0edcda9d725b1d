"""What a reader has to read: assigned or open, in an order that tells nothing."""

import hashlib

from sqlalchemy import Connection, and_, not_, or_, select

from medsynth_aug.bank.lookups import filtered, painted_over
from medsynth_aug.bank.schema import assignments, reviewers, samples, verdicts
from medsynth_aug.review.deciding import decided, policy_in_force
from medsynth_aug.review.policy import Decision
from medsynth_aug.review.verdict import Reviewer


def queue_of(connection: Connection, reviewer: Reviewer, lesion: str | None) -> list[str]:
    """Digests of the samples that a reader has to read.

    An assignment to a reader who has retired binds nobody. What a further lesion was painted into is not
    shown to anybody and need not be read: it comes to a reader to whom it was assigned, and to no other.

    Args:
        connection: Sees one state of the records.
        reviewer: The reader.
        lesion: Only samples of this lesion.
    """
    if reviewer.retired_at is not None:
        return []
    dealt = dict[str, set[str]]()
    binding = select(assignments.c.sample, assignments.c.reviewer).where(
        assignments.c.reviewer.in_(select(reviewers.c.id).where(reviewers.c.retired_at.is_(None)))
    )
    for sample, reader in connection.execute(binding):
        dealt.setdefault(sample, set()).add(reader)
    own = select(assignments.c.sample).where(assignments.c.reviewer == reviewer.id)
    shown = and_(samples.c.acceptance.is_(None), not_(painted_over()))
    open_ones = or_(shown, samples.c.digest.in_(own))
    query = filtered(select(samples.c.digest), lesion, None).where(open_ones)
    wanted = connection.execute(query).scalars().all()
    read = set(connection.execute(select(verdicts.c.sample).distinct()).scalars())
    decisions = decided(connection, [digest for digest in wanted if digest in read])
    readers = policy_in_force(connection).readers
    due = [
        digest
        for digest in wanted
        if _is_due(decisions.get(digest), reviewer, dealt.get(digest, set()), readers)
    ]
    return sorted(due, key=lambda digest: hashlib.sha256(f"{reviewer.id}{digest}".encode()).digest())


def _is_due(decision: Decision | None, reviewer: Reviewer, dealt: set[str], readers: int) -> bool:
    counted = set[str]() if decision is None else {verdict.reviewer for verdict in decision.counted}
    if reviewer.id in counted:
        return False
    if reviewer.id in dealt:
        return True
    state = "pending" if decision is None else decision.state
    if state == "pending":
        return dealt <= counted and (len(counted) < readers or reviewer.senior)
    return state == "disputed" and reviewer.senior
