"""Follow a request through its refusals: where does it stand in a bank?"""

from dataclasses import dataclass
from typing import Protocol

from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal


class Records(Protocol):
    """What tracing asks of a bank."""

    def __contains__(self, digest: object) -> bool: ...

    def refusal(self, digest: str) -> Refusal | None:
        """Why a request was refused, or None if it was not."""
        ...


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A request that is still to be made.

    Args:
        request: The attempt to make next.
        attempts_left: How many attempts may follow it.
    """

    request: SynthesisRequest
    attempts_left: int

    def after(self, refusal: Refusal) -> "Outstanding | Refusal":
        """The next attempt, or the refusal itself where no other attempt can help."""
        if refusal.final or not self.attempts_left:
            return refusal
        return Outstanding(self.request.next_attempt(), self.attempts_left - 1)


def trace(records: Records, request: SynthesisRequest, max_attempts: int) -> str | Refusal | Outstanding:
    """Digest of the stored sample of a request, its last refusal, or the attempt to make next.

    Args:
        records: The bank.
        request: What was asked.
        max_attempts: Attempts in all, this one included; at least 1.
    """
    state: Outstanding | Refusal = Outstanding(request, max_attempts - 1)
    while isinstance(state, Outstanding):
        if state.request.digest in records:
            return state.request.digest
        refusal = records.refusal(state.request.digest)
        if refusal is None:
            return state
        state = state.after(refusal)
    return state
