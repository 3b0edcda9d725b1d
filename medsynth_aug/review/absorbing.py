"""Take in verdicts and revocations that were given elsewhere, under the ids that they have everywhere."""

import re
import uuid
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.records import as_utc, note_event
from medsynth_aug.bank.schema import reviewers, revocations, verdicts
from medsynth_aug.errors import SettingError
from medsynth_aug.review.deciding import settle
from medsynth_aug.review.verdict import Opinion, Verdict


def absorb(database: Database, verdict: Verdict) -> bool:
    """Store a verdict; False if one of that id is held already, whatever it says.

    Its sample is decided anew in both cases, so that one that came after its verdict is not forgotten.

    Args:
        database: The bank's.
        verdict: As it was given; whether it was revoked is told by `absorb_revocation`.

    Raises:
        SettingError: If an id or digest is none, its parts contradict each other, or its reader is not
            enrolled or had retired, told by the time that the verdict bears.
    """
    _check_form(verdict)
    opinion = Opinion(
        outcome=verdict.outcome, reasons=verdict.reasons, comment=verdict.comment,
        plausibility=verdict.plausibility, seconds=verdict.seconds,
    )  # fmt: skip
    row = {
        **asdict(opinion), "reasons": list(opinion.reasons), "id": verdict.id, "sample": verdict.sample,
        "file_digest": verdict.file_digest, "reviewer": verdict.reviewer, "at": as_utc(verdict.at),
        "adjudicates": verdict.adjudicates, "supersedes": verdict.supersedes,
    }  # fmt: skip

    is_new = False

    def write(connection: Connection) -> bool:
        nonlocal is_new  # stays true where a first try had counted after all
        database.in_turn(connection, verdict.sample)
        if connection.execute(select(verdicts.c.id).where(verdicts.c.id == verdict.id)).first() is None:
            _check_reader(connection, verdict)
            connection.execute(verdicts.insert().values(**row))
            note_event(connection, "verdict", verdict.id)
            is_new = True
        settle(connection, [verdict.sample])
        return is_new

    return database.transact(write)


def absorb_revocation(database: Database, verdict: str, reason: str, at: datetime) -> bool:
    """Take a verdict back as was said elsewhere; False if it was taken back before.

    Args:
        database: The bank's.
        verdict: Its id.
        reason: Why.
        at: When that was said.

    Raises:
        SettingError: If there is no such verdict, or no reason.
    """
    if not reason.strip():
        raise SettingError("a revocation needs a reason; say in a few words why")
    is_new = False

    def write(connection: Connection) -> bool:
        nonlocal is_new  # stays true where a first try had counted after all
        sample = connection.execute(select(verdicts.c.sample).where(verdicts.c.id == verdict)).scalar()
        if sample is None:
            raise SettingError(f"no verdict has the id {verdict}; take in the verdict first")
        database.in_turn(connection, sample)
        if connection.execute(select(revocations.c.verdict).where(revocations.c.verdict == verdict)).first():
            return is_new
        row = {"verdict": verdict, "reason": reason.strip(), "at": as_utc(at)}
        connection.execute(revocations.insert().values(**row))
        note_event(connection, "revocation", verdict)
        settle(connection, [sample])
        is_new = True
        return True

    return database.transact(write)


def _check_form(verdict: Verdict) -> None:
    for name in ("id", "reviewer", "supersedes"):
        given = getattr(verdict, name)
        if given is not None and not _is_identity(given):
            raise SettingError(f"{name} of the verdict is {given!r}; it is a UUID in lower case")
    for name in ("sample", "file_digest"):
        given = getattr(verdict, name)
        if not re.fullmatch("[0-9a-f]{64}", given):
            raise SettingError(
                f"{name} of the verdict is {given!r}; it is a SHA-256, 64 digits in lower case"
            )


def _is_identity(given: str) -> bool:
    try:
        return str(uuid.UUID(given)) == given
    except ValueError:
        return False


def _check_reader(connection: Connection, verdict: Verdict) -> None:
    row = connection.execute(select(reviewers).where(reviewers.c.id == verdict.reviewer)).first()
    if row is None:
        raise SettingError(
            f"no reviewer has the id {verdict.reviewer}; a verdict given elsewhere counts only if its reader "
            "is enrolled here under that id"
        )
    if row.retired_at is not None and as_utc(verdict.at) >= as_utc(row.retired_at):
        raise SettingError(f"{row.name} had retired when the verdict was given; it does not count")
