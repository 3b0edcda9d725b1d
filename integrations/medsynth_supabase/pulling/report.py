"""What a pull says of itself, and of the reviews that wait."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What became of the reviews of a project; what waits counts once its reason is gone.

    Args:
        taken: Ids of the verdicts that were taken now.
        revoked: Ids of the verdicts that were taken back now.
        known: Rows that were read again though they are here already.
        strangers: Reviews that wait because their reader is not enrolled here, by the reader's id.
        retired: Reviews that wait because they were given after their reader had retired, by the reader's id.
        foreign: Reviews that wait because this bank lacks their sample.
        other_pixels: Reviews that wait because they saw other pixels than this bank holds.
        malformed: What the review store would refuse, by the id of the review, with what is wrong.
        unmatched: Revocations that wait because their verdict is not here.
    """

    taken: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    known: int = 0
    strangers: Mapping[str, int]
    retired: Mapping[str, int]
    foreign: int = 0
    other_pixels: int = 0
    malformed: Mapping[str, str]
    unmatched: int = 0


def waiting_in_words(report: PullReport) -> str:
    """What waits, for a person to read; "" if nothing does."""
    counts = {
        "of readers who are not enrolled here": sum(report.strangers.values()),
        "of retired readers": sum(report.retired.values()),
        "on samples that are not here": report.foreign,
        "on other pixels than are here": report.other_pixels,
        "malformed": len(report.malformed),
    }
    parts = [f"{number} {what}" for what, number in counts.items() if number]
    return f"reviews that wait: {', '.join(parts)}" if parts else ""
