"""Why a review that was given elsewhere does not count here, or not yet."""

from datetime import datetime

from medsynth_aug.review import Reviewer
from medsynth_supabase.pulling.here import Here
from medsynth_supabase.pulling.reviews import RemoteReview

STRANGER, RETIRED, FOREIGN, OTHER_PIXELS, MALFORMED, NO_VERDICT = (
    "stranger", "retired", "foreign", "other-pixels", "malformed", "no-verdict",
)  # fmt: skip
"""Kinds of reasons."""


def reason_against(
    review: RemoteReview, reader: Reviewer | None, file_digest: str | None, here: Here
) -> tuple[str, str] | None:
    """What stands against a review here: kind and subject of the reason."""
    if reader is None:
        return STRANGER, review.reviewer
    if has_retired(reader, review.stated_at):
        return RETIRED, review.reviewer
    if file_digest is None:
        return FOREIGN, review.sample
    if here.name_of_pixels(file_digest) != review.pixels:
        return OTHER_PIXELS, review.pixels
    return None


def has_retired(reader: Reviewer, stated_at: datetime) -> bool:
    """Whether a reader had retired when a statement was made."""
    return reader.retired_at is not None and stated_at >= reader.retired_at
