"""Follow a request through its refusals: where does it stand in a bank?"""

from collections.abc import Iterable, Sequence
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


class BulkRecords(Protocol):
    """What tracing asks of a bank about many requests at once."""

    def held(self, digests: Iterable[str]) -> set[str]:
        """Those that have a sample."""
        ...

    def refusals(self, digests: Iterable[str]) -> dict[str, Refusal]:
        """Those that were refused, and why."""
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


def trace_all(
    records: BulkRecords, requests: Sequence[SynthesisRequest], max_attempts: int
) -> list[str | Refusal | Outstanding]:
    """What `trace` says of each request, with a few questions to the bank instead of several a request.

    Args:
        records: The bank.
        requests: What was asked.
        max_attempts: Attempts in all, this one included; at least 1.
    """
    states: list[str | Refusal | Outstanding] = [Outstanding(one, max_attempts - 1) for one in requests]
    open_ones = list(range(len(states)))
    while open_ones:
        digests = {index: states[index].request.digest for index in open_ones}  # type: ignore[union-attr]
        held, refused = records.held(digests.values()), records.refusals(digests.values())
        still_open = []
        for index, digest in digests.items():
            state = states[index]
            assert isinstance(state, Outstanding)
            if digest in held:
                states[index] = digest
            elif digest in refused:
                states[index] = state.after(refused[digest])
                still_open += [index] if isinstance(states[index], Outstanding) else []
        open_ones = still_open
    return states
