"""What a project should hold of a sample now: worked out from the bank alone, whatever the project holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import samples
from medsynth_aug.corpus.chain import follow
from medsynth_aug.corpus.gate import Gate
from medsynth_aug.errors import BankUnreachableError
from medsynth_aug.review import ReviewStore
from medsynth_aug.review.deciding import settle
from medsynth_supabase.project.project import Project
from medsynth_supabase.pushing.shown import Shown, shown_by
from medsynth_supabase.state.subject import Subject

Held = Literal["approved", "pending", "rejected", "withdrawn", "forgotten"]

WITH_IMAGE = ("approved", "pending")
"""What is held with its image."""

FORMERLY = "told under a former id"
"""Stands for what a project was told of a sample by the bank before it had its id."""

SILENT = "the publish gate does not answer"
"""Begins the reason of an approved image that waits for a gate that fails, or is not ready."""

COPY = "a copy of a training film"
"""Stands in the reason of a gate whose privacy check calls an image one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a project should hold of a sample.

    Args:
        state: None if it should hold nothing that it does not hold already.
        pixels: SHA-256 of the stored pixels, where the image is held or described.
        shown: Whom it shows; None for a painted real image.
        objects: Whether the pixels themselves go there.
        refusal: Why it is not held as its reviews would allow; "" if nothing stands against it.
    """

    state: Held | None = None
    pixels: str | None = None
    shown: Shown | None = None
    objects: bool = False
    refusal: str = ""

    def is_told(self, known: Subject) -> bool:
        """Whether the project is known to have been told just this."""
        if known.unsure or known.told != self.state:
            return self.state is None
        return self.state not in WITH_IMAGE or (
            known.pixels == self.pixels and bool(known.objects_event) == self.objects
        )


@dataclass(slots=True)
class Desires:
    """What a project should hold.

    Args:
        bank: Holds samples, patients and reviews.
        gate: Asked before anything is shown as approved that was not.
        for_review: Whether pending images of virtual patients go there for reviewers.
        real_records: Whether records of painted real images may go there.
        real_pixels: Whether their pixels may.

    `under` adds what the gate's privacy check called copies of training films before.
    """

    bank: SampleBank
    gate: Gate
    for_review: bool = False
    real_records: bool = False
    real_pixels: bool = False
    copies: frozenset[str] = field(default=frozenset(), init=False)

    def under(self, project: Project, copies: Iterable[str]) -> "Desires":
        """The same, with the consents of a project and what is known of copies by now."""
        made = replace(self, real_records=project.real_records, real_pixels=project.real_pixels)
        made.copies = frozenset(copies)
        return made

    def taken_back(self, known: Mapping[str, Subject]) -> dict[str, Desired]:
        """What it should no longer show of some samples, and nothing of the others; no gate is asked.

        Args:
            known: What it was told of each so far, by digest.

        Raises:
            BankError: If the bank cannot be read.
        """
        found = self._by_bank(known).items()
        return {digest: one for digest, one in found if one.state not in (None, *WITH_IMAGE)}

    def of(self, known: Mapping[str, Subject]) -> dict[str, Desired]:
        """What it should hold of some samples; where the gate fails, it stays as it is.

        Args:
            known: What it was told of each so far, by digest.

        Raises:
            BankError: If the bank cannot be read.
        """
        found = self._by_bank(known)
        return found | self._gated(known, found)

    def _by_bank(self, known: Mapping[str, Subject]) -> dict[str, Desired]:
        columns = samples.c.digest, samples.c.virtual, samples.c.file_digest, samples.c.acceptance
        query = select(*columns)
        rows = {row.digest: row for row in among(self.bank.database, query, samples.c.digest, known)}
        states = {digest: one.state for digest, one in ReviewStore(self.bank).decisions(known).items()}
        self._settle([one for one in rows if rows[one].acceptance != _column(states.get(one, "pending"))])
        return {
            digest: self._of(digest, subject, rows.get(digest), states.get(digest, "pending"))
            for digest, subject in known.items()
        }

    def _settle(self, digests: Sequence[str]) -> None:
        """Write down where samples stand that came after their verdicts: only then is a change an event."""
        database = self.bank.database

        def write(connection: Connection) -> None:
            for digest in sorted(digests):
                database.in_turn(connection, digest)
            settle(connection, digests)

        if digests:
            database.transact(write)

    def _of(self, digest: str, known: Subject, row: Any, state: str) -> Desired:
        if row is None or not (row.virtual or self.real_records):
            return _taken_back(known, "forgotten")
        if state == "rejected":
            return _taken_back(known, "rejected")
        if not row.virtual:
            if state != "approved":
                return _taken_back(known, "withdrawn")
            return Desired(state="approved", pixels=row.file_digest, objects=self.real_pixels)
        shown = shown_by(self.bank, digest)
        if shown is None:
            return _taken_back(known, "withdrawn")
        if state == "approved" and shown.stands:
            return Desired(state="approved", pixels=row.file_digest, shown=shown, objects=True)
        if state == "approved":
            return _taken_back(known, "withdrawn")  # another one stands in its place
        return self._pending(digest, known, row.file_digest, shown)

    def _pending(self, digest: str, known: Subject, pixels: str, shown: Shown) -> Desired:
        if not self.for_review:
            return _taken_back(known, "withdrawn")
        problem = _real_pixels(self.bank, digest)
        if digest in self.copies:
            problem = f"the privacy check called it {COPY} when it was approved; no reviewer is shown it"
        if problem:
            return replace(_taken_back(known, "withdrawn"), refusal=problem)
        return Desired(state="pending", pixels=pixels, shown=shown, objects=True)

    def _gated(self, known: Mapping[str, Subject], found: Mapping[str, Desired]) -> dict[str, Desired]:
        """What becomes of approved images that the gate refuses."""
        asked = [
            digest
            for digest, one in found.items()
            if one.state == "approved" and one.shown is not None and not one.is_told(known[digest])
        ]
        if not asked:
            return {}
        try:
            refused = self.gate.check(asked).refused
        except BankUnreachableError:
            raise
        except Exception as problem:  # whatever it is, nothing passed
            why = f"{SILENT}: {problem}; each sync asks it again"
            return {digest: Desired(refusal=why) for digest in asked}
        return {
            digest: replace(_taken_back(known[digest], "withdrawn"), refusal=reason)
            for digest, reason in refused
        }


def _column(state: str) -> str | None:
    return state if state in ("approved", "rejected") else None


def _taken_back(known: Subject, state: Held) -> Desired:
    """The state, if the project was told of the sample at all; under a former id others may go on."""
    if known.told == FORMERLY and state != "rejected":
        return Desired()
    if known.told is None or (known.told == "forgotten" and not known.unsure):
        return Desired()
    return Desired(state=state)


def _real_pixels(bank: SampleBank, digest: str) -> str:
    """Why an image may not be shown to reviewers elsewhere; "" where every pixel is synthetic."""
    chain = follow(bank, digest)
    if chain.problem:
        return chain.problem
    if not chain.is_virtual or bank.derived_from_real([one.digest for one in chain.samples]):
        return "it derives from a real image"
    if any(one.request.purpose != "patient" for one in chain.samples):
        return "a sample of its chain was not made for a virtual patient"
    return ""
