"""A row of the project's `reviews` or `revocations`, read strictly: it was written by somebody else."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from medsynth_aug.errors import SettingError
from medsynth_aug.review import Opinion, Verdict

AHEAD = timedelta(hours=1)
"""How far a clock may be ahead of the server's before a row that it dated is malformed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteReview:
    """A verdict that was given somewhere else, on a sample that only its name tells.

    Args:
        id: Global id.
        sample: Name of the sample.
        pixels: Name of the stored pixels that were seen.
        reviewer: Global id of the reader.
        opinion: What was said.
        at: When, by the clock of whoever gave it.
        stated_at: When, as far as it is certain: what the reader's own session wrote is dated by the server,
            what a machine of the project handed on by that machine.
        adjudicates: Whether it was meant to settle a disagreement.
        supersedes: Id of the reader's earlier verdict, or None.
    """

    id: str
    sample: str
    pixels: str
    reviewer: str
    opinion: Opinion
    at: datetime
    stated_at: datetime
    adjudicates: bool
    supersedes: str | None

    def verdict(self, digest: str, file_digest: str) -> Verdict:
        """The verdict on a sample of the bank.

        Args:
            digest: The sample that the name stands for.
            file_digest: SHA-256 of the stored pixels that were seen.
        """
        return Verdict(
            id=self.id, sample=digest, reviewer=self.reviewer, at=self.at, adjudicates=self.adjudicates,
            supersedes=self.supersedes, revoked_at=None, file_digest=file_digest,
            **asdict(self.opinion),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRevocation:
    """A verdict that was taken back somewhere else.

    Args:
        review: Id of the verdict.
        reason: Why.
        at: When, by the clock of whoever took it back.
        stated_at: When, as far as it is certain; see `RemoteReview`.
        recorded_by: Id of the user who wrote it; None for a machine of the project.
    """

    review: str
    reason: str
    at: datetime
    stated_at: datetime
    recorded_by: str | None


def read_review(row: Mapping[str, Any]) -> RemoteReview:
    """The review of a row.

    Raises:
        SettingError: If the row is malformed; says how.
    """
    at, stated_at = _times(row)
    opinion = Opinion(
        outcome=row.get("outcome"), reasons=tuple(_texts(row, "reasons")),  # type: ignore[arg-type]
        comment=_text(row, "comment"), plausibility=row.get("plausibility"), seconds=_seconds(row),
    )  # fmt: skip
    return RemoteReview(
        id=_id(row, "id"), sample=_text(row, "sample"), pixels=_text(row, "pixels"),
        reviewer=_id(row, "reviewer"), opinion=opinion, at=at, stated_at=stated_at,
        adjudicates=row.get("adjudicates") is True,
        supersedes=None if row.get("supersedes") is None else _id(row, "supersedes"),
    )  # fmt: skip


def read_revocation(row: Mapping[str, Any]) -> RemoteRevocation:
    """The revocation of a row.

    Raises:
        SettingError: If the row is malformed; says how.
    """
    at, stated_at = _times(row)
    reason = _text(row, "reason").strip()
    if not reason:
        raise SettingError("the revocation gives no reason")
    recorded_by = None if row.get("recorded_by") is None else _id(row, "recorded_by")
    return RemoteRevocation(
        review=_id(row, "review"), reason=reason, at=at, stated_at=stated_at, recorded_by=recorded_by
    )


def _times(row: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """When it was given, and when that is certain."""
    at, created_at = _time(row, "at"), _time(row, "created_at")
    if at - created_at > AHEAD:
        raise SettingError(f"it is dated {at.isoformat()}, after the server got it")
    return at, at if row.get("recorded_by") is None else created_at


def _time(row: Mapping[str, Any], name: str) -> datetime:
    try:
        found = datetime.fromisoformat(_text(row, name))
        if found.tzinfo is None:
            raise SettingError(f"{name} is {row.get(name)!r}, a time without a zone")
        return found.astimezone(UTC)
    except SettingError:
        raise
    except (ValueError, OverflowError):
        raise SettingError(f"{name} is {row.get(name)!r}, which is no time") from None


def _id(row: Mapping[str, Any], name: str) -> str:
    try:
        return str(uuid.UUID(_text(row, name)))
    except ValueError:
        raise SettingError(f"{name} is {row.get(name)!r}, which is no id") from None


def _text(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name, "")
    if not isinstance(found, str):
        raise SettingError(f"{name} is {found!r}, which is no text")
    return found


def _texts(row: Mapping[str, Any], name: str) -> list[str]:
    found = row.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise SettingError(f"{name} is {found!r}, which is no list of texts")
    return found


def _seconds(row: Mapping[str, Any]) -> float | None:
    found = row.get("seconds")
    if found is not None and (isinstance(found, bool) or not isinstance(found, int | float)):
        raise SettingError(f"seconds is {found!r}, which is no number")
    try:
        return None if found is None else float(found)
    except OverflowError:
        raise SettingError("seconds is a number that is too large") from None
