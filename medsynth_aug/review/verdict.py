"""What one reader said of one sample: a value that is never changed once it is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from medsynth_aug.bank.producer.given import finite_number, whole_number
from medsynth_aug.errors import SettingError
from medsynth_aug.review.reasons import Reason

Outcome = Literal["approve", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """A person who reviews.

    Args:
        id: Global id.
        name: As enrolled; unique in a bank.
        senior: Whether this reader may settle what others disagree on.
        enrolled_at: When.
        retired_at: Since when this reader gives no more verdicts; the earlier ones count on. Else None.
    """

    id: str
    name: str
    senior: bool
    enrolled_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a reader says of an image, before it is stored as a verdict.

    Args:
        outcome: `"approve"` or `"reject"`.
        reasons: Why it is rejected, at least one; none for an approval.
        comment: Free text; needed with `Reason.OTHER`.
        plausibility: How plausible the image is, 1 (not at all) to 5 (fully), or None if not asked.
        seconds: How long the reader looked, at least 0, or None if not measured.

    Raises:
        SettingError: If the parts contradict each other or are out of their range.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    comment: str = ""
    plausibility: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.outcome not in get_args(Outcome):
            raise SettingError(f'outcome is {self.outcome!r}; use "approve" or "reject"')
        object.__setattr__(self, "reasons", _reasons(self.reasons))
        if not isinstance(self.comment, str):
            raise SettingError(f'comment is {self.comment!r}; it is text, "" for none')
        object.__setattr__(self, "comment", self.comment.strip())
        if self.outcome == "approve" and self.reasons:
            raise SettingError("an approval gives no reasons; leave them out, or reject")
        if self.outcome == "reject" and not self.reasons:
            raise SettingError(f"a rejection needs a reason; choose from {', '.join(Reason)}")
        if Reason.OTHER in self.reasons and not self.comment:
            raise SettingError('the reason "other" needs a comment; say in a few words what is wrong')
        if self.plausibility is not None:
            plausibility = whole_number("plausibility", self.plausibility)
            if not 1 <= plausibility <= 5:
                raise SettingError(f"plausibility is {plausibility}; it is 1 to 5")
            object.__setattr__(self, "plausibility", plausibility)
        if self.seconds is not None and finite_number("seconds", self.seconds) < 0:
            raise SettingError(f"seconds is {self.seconds!r}; it is at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A stored opinion.

    Args:
        id: Global id.
        sample: Digest of the sample.
        reviewer: Id of the reader.
        outcome: `"approve"` or `"reject"`.
        reasons: Why it was rejected.
        comment: Free text.
        plausibility: 1 to 5, or None.
        seconds: How long the reader looked, or None.
        at: When it was given.
        adjudicates: Whether it settled a disagreement of other readers when it was given; what it settles now
            follows from all verdicts together.
        supersedes: Id of the reader's earlier verdict that it takes the place of, or None.
        revoked_at: Since when it counts no more, or None.
        file_digest: SHA-256 of the stored pixels that were seen; a verdict counts for these only.
    """

    id: str
    sample: str
    reviewer: str
    outcome: Outcome
    reasons: tuple[Reason, ...]
    comment: str
    plausibility: int | None
    seconds: float | None
    at: datetime
    adjudicates: bool
    supersedes: str | None
    revoked_at: datetime | None
    file_digest: str


def _reasons(given: Any) -> tuple[Reason, ...]:
    values = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    try:
        chosen = {Reason(value) for value in values}
    except ValueError as problem:
        raise SettingError(f"{problem}; the reasons are {', '.join(Reason)}") from problem
    return tuple(reason for reason in Reason if reason in chosen)
