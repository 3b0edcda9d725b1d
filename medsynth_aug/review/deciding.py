"""Read what was said of samples, and write the decision into the sample's plain column with it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.lookups import chunks
from medsynth_aug.bank.records import as_utc, note_events
from medsynth_aug.bank.schema import review_policies, revocations, samples, verdicts
from medsynth_aug.review.people import seniors
from medsynth_aug.review.policy import Decision, ReviewPolicy, decide
from medsynth_aug.review.reasons import Reason
from medsynth_aug.review.verdict import Reviewer, Verdict


def policy_in_force(connection: Connection) -> ReviewPolicy:
    """The policy that was set last; the default one if none was."""
    newest = select(review_policies.c.policy).order_by(review_policies.c.number.desc()).limit(1)
    row = connection.execute(newest).first()
    return ReviewPolicy() if row is None else ReviewPolicy(**row.policy)


def said_of(connection: Connection, digests: Sequence[str]) -> dict[str, list[Verdict]]:
    """All verdicts on at most a thousand samples, by sample, in order."""
    query = (
        select(verdicts, revocations.c.at.label("revoked_at"))
        .outerjoin(revocations, revocations.c.verdict == verdicts.c.id)
        .where(verdicts.c.sample.in_(digests))
        .order_by(verdicts.c.at, verdicts.c.id)
    )
    found = defaultdict(list)
    for row in connection.execute(query):
        found[row.sample].append(verdict_of(row))
    return found


def decided(connection: Connection, digests: Iterable[str]) -> dict[str, Decision]:
    """Where each of many samples stands; those that the bank does not hold are left out."""
    policy, senior_ids = policy_in_force(connection), seniors(connection)
    made = {}
    for chunk in chunks(digests):
        said = said_of(connection, chunk)
        held = select(samples.c.digest, samples.c.file_digest).where(samples.c.digest.in_(chunk))
        for row in connection.execute(held):
            given = said.get(row.digest, [])
            made[row.digest] = decide(row.digest, row.file_digest, given, policy, senior_ids)
    return made


def settle(connection: Connection, digests: Iterable[str]) -> list[str]:
    """Write where samples stand into `samples.acceptance`, with an event for each; which of them changed."""
    all_changed = list[str]()
    for chunk in chunks(digests):
        current = select(samples.c.digest, samples.c.acceptance).where(samples.c.digest.in_(chunk))
        before = {row.digest: row.acceptance for row in connection.execute(current)}
        changed = []
        for digest, decision in decided(connection, chunk).items():
            after = decision.state if decision.state in ("approved", "rejected") else None
            if after != before[digest]:
                connection.execute(update(samples).where(samples.c.digest == digest).values(acceptance=after))
                changed.append(digest)
        note_events(connection, "acceptance", changed)
        all_changed += changed
    return all_changed


def settle_late(database: Database) -> list[str]:
    """Settle the undecided samples on which there are verdicts; which of them are decided now."""
    late = select(samples.c.digest).where(samples.c.digest.in_(select(verdicts.c.sample)))
    with database.reading() as connection:
        found = connection.execute(late.where(samples.c.acceptance.is_(None))).scalars().all()
    settled = list[str]()
    for digest in sorted(found):

        def write(connection: Connection, digest: str = digest) -> list[str]:
            database.in_turn(connection, digest)
            return settle(connection, [digest])

        settled += database.transact(write)
    return settled


def place_among(before: Decision, reviewer: Reviewer, seniors: set[str]) -> dict[str, object]:
    """Which verdict of the reader a new one supersedes, and whether it settles a dispute."""
    replaced = {verdict.supersedes for verdict in before.verdicts}
    own = [one for one in before.verdicts if one.reviewer == reviewer.id and one.id not in replaced]
    fresh = not any(verdict.reviewer == reviewer.id for verdict in before.counted)
    settles = before.state == "disputed" and reviewer.id in seniors and fresh
    kept = bool(own) and own[-1].adjudicates and own[-1] in before.counted
    return {"supersedes": own[-1].id if own else None, "adjudicates": settles or kept}


def after(said: Iterable[Verdict]) -> datetime:
    """The time that is written down: now, or just after what was said before by a clock that runs ahead."""
    times = [at for verdict in said for at in (verdict.at, verdict.revoked_at) if at is not None]
    return max([now(), *(at + timedelta(microseconds=1) for at in times)])


def verdict_of(row: Row[Any]) -> Verdict:
    """The verdict of a row."""
    return Verdict(
        id=row.id, sample=row.sample, reviewer=row.reviewer, outcome=row.outcome,
        reasons=tuple(Reason(value) for value in row.reasons), comment=row.comment,
        plausibility=row.plausibility, seconds=row.seconds, at=as_utc(row.at), adjudicates=row.adjudicates,
        supersedes=row.supersedes, file_digest=row.file_digest,
        revoked_at=None if row.revoked_at is None else as_utc(row.revoked_at),
    )  # fmt: skip


def now() -> datetime:
    """The time that is written down."""
    return datetime.now(UTC)
