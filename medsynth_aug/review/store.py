"""The review store beside a bank: verdicts that are never overwritten, and the decision they come to."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.lookups import filtered
from medsynth_aug.bank.records import as_utc, note_event
from medsynth_aug.bank.schema import review_policies, revocations, samples, verdicts
from medsynth_aug.errors import BankError, SettingError
from medsynth_aug.review import absorbing, people
from medsynth_aug.review.assigning import assign
from medsynth_aug.review.deciding import (
    after,
    decided,
    now,
    place_among,
    policy_in_force,
    said_of,
    settle,
    settle_late,
    verdict_of,
)
from medsynth_aug.review.policy import Decision, ReviewPolicy
from medsynth_aug.review.queue import queue_of
from medsynth_aug.review.reasons import Reason
from medsynth_aug.review.verdict import Opinion, Outcome, Reviewer, Verdict


class ReviewStore:
    """Reviewers, assignments and verdicts in a bank's database; many processes may write at once.

    A verdict is safe once `record` returns, with the decision that it led to and with its events for whoever
    follows the bank. The decision stands in the bank's plain column `acceptance` too.

    Args:
        bank: The bank whose samples are reviewed.
    """

    def __init__(self, bank: SampleBank) -> None:
        self.bank, self._database = bank, bank.database

    def enrol(self, name: str, *, senior: bool = False, id: str | None = None) -> Reviewer:
        """Enrol a reader.

        Args:
            name: Unique in the bank, whatever the case of its letters.
            senior: Whether this reader may settle what others disagree on.
            id: Global id of somebody who reviews elsewhere too, a UUID; by default a new one.

        Raises:
            SettingError: If the name is empty or holds a control character, or name or id are taken, or the
                id is none.
        """
        return people.enrol(self._database, name, senior=senior, id=id)

    def retire(self, reviewer: Reviewer) -> Reviewer:
        """Take no more verdicts from a reader; the earlier ones count on."""
        return people.retire(self._database, reviewer)

    def reviewer(self, name: str) -> Reviewer:
        """The reader of that name or id.

        Raises:
            SettingError: If there is none, or several differ from it in case alone.
        """
        return people.named(self._database, name)

    @property
    def reviewers(self) -> tuple[Reviewer, ...]:
        """All readers, retired ones too, by name."""
        return people.everybody(self._database)

    @property
    def policy(self) -> ReviewPolicy:
        """The policy in force."""
        with self._database.reading() as connection:
            return policy_in_force(connection)

    def set_policy(self, policy: ReviewPolicy) -> None:
        """Put a policy in force and decide every reviewed sample anew; earlier policies stay on record."""
        identity = str(uuid.uuid4())

        def write(connection: Connection) -> None:
            for table in ("review_policies", "verdicts", "revocations"):
                self._database.alone(connection, table)
            ours = select(review_policies.c.id).where(review_policies.c.id == identity)
            if policy == policy_in_force(connection) or connection.execute(ours).first():
                return
            number = connection.execute(select(func.max(review_policies.c.number))).scalar() or 0
            row = {"id": identity, "number": number + 1, "policy": asdict(policy), "at": now()}
            connection.execute(review_policies.insert().values(**row))
            note_event(connection, "policy", identity)
            settle(connection, connection.execute(select(verdicts.c.sample).distinct()).scalars().all())

        self._database.transact(write)

    def assign(self, digests: Iterable[str], reviewers: Sequence[Reviewer]) -> None:
        """Say who shall read samples; an assigned sample is read by nobody else, but seniors in a dispute.

        It is open to all again once those named have read it and the policy wants more, or have retired.

        Raises:
            BankError: If the bank lacks a sample.
        """
        wanted = list(dict.fromkeys(digests))
        missing = set(wanted) - self.bank.held(wanted)
        if missing:
            raise BankError(f"no sample {min(missing)} in {self.bank.path}; assign samples that it holds")
        assign(self._database, wanted, reviewers)

    def queue(self, reviewer: Reviewer, *, lesion: str | None = None) -> list[str]:
        """Digests of the samples that a reader has to read, in an order of the reader's own.

        These are the assigned ones and those open to all: not decided yet, or disputed where the reader is a
        senior who has not read them.

        Args:
            reviewer: The reader.
            lesion: Only samples of this lesion.
        """
        with self._database.reading() as connection:
            return queue_of(connection, reviewer, lesion)

    def undecided(self, *, lesion: str | None = None) -> list[str]:
        """Digests of the samples that are not decided yet, sorted; of one lesion where given."""
        query = filtered(select(samples.c.digest), lesion, None).where(samples.c.acceptance.is_(None))
        with self._database.reading() as connection:
            return list(connection.execute(query.order_by(samples.c.digest)).scalars())

    def record(
        self,
        digest: str,
        reviewer: Reviewer,
        outcome: Outcome,
        *,
        reasons: Sequence[Reason | str] = (),
        comment: str = "",
        plausibility: int | None = None,
        seconds: float | None = None,
        file_digest: str | None = None,
    ) -> Verdict:
        """Store a verdict; it takes the place of the reader's earlier one, which stays on record.

        Args:
            digest: The sample.
            reviewer: Who says it.
            outcome: `"approve"` or `"reject"`.
            reasons: Why it is rejected, at least one.
            comment: Free text.
            plausibility: 1 (not at all) to 5 (fully plausible).
            seconds: How long the reader looked.
            file_digest: SHA-256 of the stored pixels that were seen; None takes those stored now.

        Raises:
            SettingError: If the parts contradict each other, or the reader is not enrolled or has retired.
            BankError: If the bank has no such sample, or other pixels of it than were seen.
        """
        opinion = Opinion(
            outcome=outcome, reasons=reasons, comment=comment,  # type: ignore[arg-type]
            plausibility=plausibility, seconds=seconds,
        )  # fmt: skip
        identity = str(uuid.uuid4())

        def write(connection: Connection) -> None:
            self._database.in_turn(connection, digest)
            if connection.execute(select(verdicts.c.id).where(verdicts.c.id == identity)).first():
                return  # a first try had counted after all
            people.check_active(connection, reviewer.id)
            seen = self._pixels(connection, digest)
            if file_digest not in (None, seen):
                raise BankError(
                    f"sample {digest} was made anew with other pixels while it was looked at; look again"
                )
            before = decided(connection, [digest])[digest]
            row = {
                **asdict(opinion), "reasons": list(opinion.reasons), "id": identity, "sample": digest,
                "file_digest": seen, "reviewer": reviewer.id, "at": after(before.verdicts),
                **place_among(before, reviewer, people.seniors(connection)),
            }  # fmt: skip
            connection.execute(verdicts.insert().values(**row))
            note_event(connection, "verdict", identity)
            settle(connection, [digest])

        self._database.transact(write)
        return self.verdict(identity)

    def revoke(self, verdict: str, reason: str) -> Verdict:
        """Take a verdict back; it stays on record, and the sample is decided without it.

        Args:
            verdict: Its id.
            reason: Why, for the record.

        Raises:
            SettingError: If there is no such verdict, it was revoked before, or no reason is given.
        """
        if not reason.strip():
            raise SettingError("a revocation needs a reason; say in a few words why")
        found, tried = self.verdict(verdict), list[datetime]()

        def write(connection: Connection) -> None:
            self._database.in_turn(connection, found.sample)
            before = connection.execute(select(revocations).where(revocations.c.verdict == verdict)).first()
            if before is not None and as_utc(before.at) in tried:
                return  # a first try had counted after all
            if before is not None:
                raise SettingError(f"verdict {verdict} was revoked before: {before.reason}")
            tried.append(after(said_of(connection, [found.sample])[found.sample]))
            row = {"verdict": verdict, "reason": reason.strip(), "at": tried[-1]}
            connection.execute(revocations.insert().values(**row))
            note_event(connection, "revocation", verdict)
            settle(connection, [found.sample])

        self._database.transact(write)
        return replace(found, revoked_at=tried[-1])

    def absorb(self, verdict: Verdict) -> bool:
        """Store a verdict that was given elsewhere, under its own id; it counts by this bank's policy.

        Returns:
            False if a verdict of that id is held already; that one stays as it is.

        Raises:
            SettingError: If its parts contradict each other, or its reader is not enrolled here under that id
                or had retired when it was given.
        """
        return absorbing.absorb(self._database, verdict)

    def absorb_revocation(self, verdict: str, reason: str, at: datetime) -> bool:
        """Take a verdict back as was said elsewhere; False if it was taken back before.

        Raises:
            SettingError: If there is no such verdict, or no reason.
        """
        return absorbing.absorb_revocation(self._database, verdict, reason, at)

    def settle(self) -> list[str]:
        """Decide the samples that came, or came back, after verdicts on them; which are decided now.

        The bank itself knows of no verdicts: until this is called, or the next verdict on such a sample is
        stored, `decision` counts the earlier ones and the column `acceptance` does not.
        """
        return settle_late(self._database)

    def verdict(self, identity: str) -> Verdict:
        """The verdict of that id.

        Raises:
            SettingError: If there is none.
        """
        query = select(verdicts, revocations.c.at.label("revoked_at")).outerjoin(
            revocations, revocations.c.verdict == verdicts.c.id
        )
        with self._database.reading() as connection:
            row = connection.execute(query.where(verdicts.c.id == identity)).first()
        if row is None:
            raise SettingError(f"no verdict has the id {identity}; the status of the review lists them")
        return verdict_of(row)

    def history(self, digest: str) -> tuple[Verdict, ...]:
        """Every verdict on a sample, in order; also where the bank no longer holds it."""
        with self._database.reading() as connection:
            return tuple(said_of(connection, [digest]).get(digest, ()))

    def decision(self, digest: str) -> Decision:
        """Where a sample stands by the policy in force.

        Raises:
            BankError: If the bank has no such sample.
        """
        found = self.decisions([digest])
        if digest not in found:
            raise BankError(f"no sample {digest} in {self.bank.path}; it was never made, or forgotten")
        return found[digest]

    def decisions(self, digests: Iterable[str]) -> dict[str, Decision]:
        """Where many samples stand; those that the bank does not hold are left out."""
        with self._database.reading() as connection:
            return decided(connection, digests)

    def file_digest(self, digest: str) -> str:
        """SHA-256 of the pixels that are stored for a sample, for `record`.

        Raises:
            BankError: If the bank has no such sample.
        """
        with self._database.reading() as connection:
            return self._pixels(connection, digest)

    def _pixels(self, connection: Connection, digest: str) -> str:
        query = select(samples.c.file_digest).where(samples.c.digest == digest)
        stored = connection.execute(query).scalar()
        if stored is None:
            raise BankError(f"no sample {digest} in {self.bank.path}; review samples that it holds")
        return str(stored)
