"""Which draw of a place is served in which epoch, when a sample serves for several."""

from dataclasses import dataclass, replace
from typing import Protocol

from medsynth_aug.bank.producer.given import whole_number
from medsynth_aug.synthesis.request import SynthesisRequest


class Draws(Protocol):
    """How the draws of a place follow each other; a frozen value that pickles."""

    def number(self, place: int, epoch: int) -> int:
        """Number of the draw that a place serves in an epoch, both from 0."""
        ...

    def request(self, planned: SynthesisRequest, number: int) -> SynthesisRequest:
        """The request of a place for one of its draws."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SameLesion:
    """Every draw of a place is of the planned lesion; draw 0 is the planned one, which a cached set serves.

    Args:
        reuse: For how many epochs a draw serves, at least 1; the first one of a place perhaps for fewer,
            since the places take turns, so that each epoch needs about as many new samples as any other.

    Raises:
        SettingError: If `reuse` is no whole number, or below 1.
    """

    reuse: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "reuse", whole_number("reuse", self.reuse, least=1))

    def number(self, place: int, epoch: int) -> int:
        """Number of the draw that a place serves in an epoch, both from 0."""
        return (epoch + place % self.reuse) // self.reuse

    def request(self, planned: SynthesisRequest, number: int) -> SynthesisRequest:
        """The planned request in a slot of its own for each draw."""
        return planned if number == 0 else replace(planned, slot=f"{planned.slot}/{number}")
