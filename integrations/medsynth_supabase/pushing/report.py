"""What a push says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReport:
    """What became of the news of a bank.

    Args:
        delivered: Ids of the subjects that went up, such as digests of samples.
        told: How many samples the project was told of, by what it holds of them now.
        waiting: Numbers of events that may still come: other writers of the bank are at work.
        refused: Digest and reason of each approved image that the gate refuses, or fails on.
        conflicts: Digest and reason of each sample of which the project holds other pixels.
        aside: Id and reason of each other subject that could not be delivered.
    """

    delivered: tuple[str, ...] = ()
    told: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
