"""Bring reviews that were given elsewhere into the bank; what they come to is decided here."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import SettingError
from medsynth_aug.review import Reviewer, ReviewStore
from medsynth_supabase.project.naming import Names
from medsynth_supabase.pulling.here import Here
from medsynth_supabase.pulling.inbox import Inbox, Waiting
from medsynth_supabase.pulling.reasons import (
    FOREIGN,
    MALFORMED,
    NO_VERDICT,
    OTHER_PIXELS,
    RETIRED,
    STRANGER,
    has_retired,
    reason_against,
)
from medsynth_supabase.pulling.report import PullReport
from medsynth_supabase.pulling.reviews import RemoteReview, read_review, read_revocation
from medsynth_supabase.state.frontier import Clock, Frontier

ANEW_AFTER_S = 24 * 3600.0
"""How often everything is read from its beginning, for a number that a very long transaction held back."""

MOST_GAPS = 100
"""More gaps than these are taken as one, and the rows between them are read again."""


class Rows(Protocol):
    """Where the rows of a project come from."""

    def rows_after(self, table: str, seq: int) -> Sequence[Mapping[str, Any]]:
        """The next rows of `reviews` or `revocations` of the project, by `seq`; none if there are no more."""
        ...


class Puller:
    """Reads the reviews of a project into one bank; one at a time.

    A review counts only if its reader is enrolled here, saw the pixels that are stored here and had not
    retired; else it waits, and is looked at again whenever the bank has changed. Nothing that is read changes
    or removes a verdict of the bank.

    Args:
        bank: Takes the verdicts.
        names: Of the project.
        inbox: Remembers how far was read, and what waits.
    """

    def __init__(self, bank: SampleBank, names: Names, inbox: Inbox) -> None:
        self._store, self._here, self._inbox = ReviewStore(bank), Here(bank, names), inbox
        self._looked_at: tuple[int, int] | None = None
        self._report = PullReport(strangers={}, retired={}, malformed={})

    def pull(self, project: Rows) -> PullReport:
        """Read what is new, and look again at what waits.

        Raises:
            SyncError: If the project cannot be read; what was read before stays.
            BankError: If the bank cannot be read or written; the rows are read again then.
        """
        self._report = PullReport(strangers={}, retired={}, malformed={})
        self._drain(project, "revocations")  # first, so that what was taken back is never taken for a moment
        self._drain(project, "reviews")
        now = self._here.events()
        if now != self._looked_at:
            self._look_again("reviews")
            self._look_again("revocations")
            self._looked_at = now
        return self._counted()

    def _drain(self, project: Rows, feed: str) -> None:
        """Read a table from where it was left."""
        before = _clock()
        frontier, begun_s = held = self._inbox.progress(feed)
        if not 0 <= before.time_s - begun_s < ANEW_AFTER_S:
            frontier, begun_s = Frontier(), before.time_s
        after = frontier.watermark
        while page := project.rows_after(feed, after):
            after = max(int(row["seq"]) for row in page)
            unseen = [row for row in page if not _is_done(frontier, int(row["seq"]))]
            waiting, done = self._sorted(feed, unseen)
            frontier = _few(frontier.seen((int(row["seq"]) for row in page), _clock()))
            self._inbox.settle(feed, frontier, begun_s, waiting, done)
            held = frontier, begun_s
        frontier = frontier.passed(before)
        if (frontier, begun_s) != held:
            self._inbox.settle(feed, frontier, begun_s, (), ())

    def _look_again(self, feed: str) -> None:
        held = self._inbox.waiting(feed)
        waiting, done = self._sorted(feed, [one.row for one in held])
        before = set(map(_reason, held))
        moved = [one for one in waiting if _reason(one) not in before]
        if moved or done:
            frontier, begun_s = self._inbox.progress(feed)
            self._inbox.settle(feed, frontier, begun_s, moved, done)

    def _sorted(self, feed: str, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Waiting], list[str]]:
        """Take the rows that count; returns those that wait, and the ids of those that do not any more."""
        look = self._reviews if feed == "reviews" else self._revocations
        waiting = list(look(rows)) if rows else []
        left, key = {one.id for one in waiting}, _KEYS[feed]
        return waiting, [str(row[key]) for row in rows if str(row[key]) not in left]

    def _reviews(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Waiting]:
        known = self._here.authors(str(row["id"]) for row in rows)
        self._note(known=len(known))
        found = dict[str, tuple[Mapping[str, Any], RemoteReview]]()
        for row in rows:
            if str(row["id"]) in known:
                continue
            try:
                found[str(row["id"])] = row, read_review(row)
            except SettingError as problem:
                yield _waits("reviews", row, MALFORMED, str(problem))
        digests = self._here.digests(review.sample for _, review in found.values())
        pixels, readers = self._here.pixels(digests.values()), self._here.readers()
        for row, review in found.values():
            digest = digests.get(review.sample)
            reader = readers.get(review.reviewer)
            against = reason_against(review, reader, pixels.get(digest or ""), self._here)
            if against is None and digest is not None:
                against = self._absorb(review, digest, pixels[digest])
            if against is not None:
                yield _waits("reviews", row, *against)

    def _absorb(self, review: RemoteReview, digest: str, file_digest: str) -> tuple[str, str] | None:
        try:
            if self._store.absorb(review.verdict(digest, file_digest)):
                self._note(taken=(review.id,))
        except SettingError as problem:
            return MALFORMED, str(problem)
        return None

    def _revocations(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Waiting]:
        authors = self._here.authors(str(row["review"]) for row in rows)
        gone, readers = self._here.revoked(authors), self._here.readers()
        self._note(known=len(gone))
        for row in rows:
            identity = str(row["review"])
            if identity in gone:
                continue
            against = self._revoke(row, authors.get(identity), readers)
            if against is not None:
                yield _waits("revocations", row, *against)

    def _revoke(
        self, row: Mapping[str, Any], author: str | None, readers: Mapping[str, Reviewer]
    ) -> tuple[str, str] | None:
        """Take a verdict back, if its own reader or a machine of the project did; else say why not."""
        try:
            found = read_revocation(row)
            if author is None:
                return NO_VERDICT, found.review
            if found.recorded_by not in (None, author):
                return STRANGER, str(found.recorded_by)
            reader = readers.get(author)
            if reader is not None and found.recorded_by and has_retired(reader, found.stated_at):
                return RETIRED, author
            if self._store.absorb_revocation(found.review, found.reason, found.at):
                self._note(revoked=(found.review,))
        except SettingError as problem:
            return MALFORMED, str(problem)
        return None

    def _note(self, *, taken: tuple[str, ...] = (), revoked: tuple[str, ...] = (), known: int = 0) -> None:
        old = self._report
        self._report = replace(
            old, taken=old.taken + taken, revoked=old.revoked + revoked, known=old.known + known
        )

    def _counted(self) -> PullReport:
        """The report, with all that waits now."""
        reviews, revocations = self._inbox.reasons("reviews"), self._inbox.reasons("revocations")
        kinds = Counter(why for _, why, _ in reviews)
        return replace(
            self._report, foreign=kinds[FOREIGN], other_pixels=kinds[OTHER_PIXELS],
            strangers=_subjects([*reviews, *revocations], STRANGER),
            retired=_subjects([*reviews, *revocations], RETIRED),
            malformed={id_: said for id_, why, said in (*reviews, *revocations) if why == MALFORMED},
            unmatched=sum(why == NO_VERDICT for _, why, _ in revocations),
        )  # fmt: skip


_KEYS = {"reviews": "id", "revocations": "review"}


def _waits(feed: str, row: Mapping[str, Any], why: str, said: str) -> Waiting:
    return Waiting(id=str(row[_KEYS[feed]]), row=dict(row), why=why, said=said)


def _reason(waiting: Waiting) -> tuple[str, str, str]:
    return waiting.id, waiting.why, waiting.said


def _subjects(reasons: Iterable[tuple[str, str, str]], kind: str) -> dict[str, int]:
    return dict(Counter(said for _, why, said in reasons if why == kind))


def _clock() -> Clock:
    """Only the time: what a project says of its transactions is not asked."""
    return Clock(oldest=0, following=0, time_s=time.time())


def _is_done(frontier: Frontier, seq: int) -> bool:
    return seq <= frontier.top and not any(gap.first <= seq <= gap.last for gap in frontier.gaps)


def _few(frontier: Frontier) -> Frontier:
    """The same with few gaps; a row that is read again changes nothing."""
    gaps = frontier.gaps
    if len(gaps) <= MOST_GAPS:
        return frontier
    whole = replace(gaps[-1], first=gaps[0].first, since_s=max(gap.since_s for gap in gaps))
    return replace(frontier, gaps=(whole,))
