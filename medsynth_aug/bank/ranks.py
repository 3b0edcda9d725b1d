"""Fill a bank with many processes: each rank makes its share of what is outstanding."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.generation import CHUNK
from medsynth_aug.bank.tracing import Outstanding, trace_all
from medsynth_aug.synthesis.request import SynthesisRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """Which of the processes that were launched together this one is.

    Args:
        number: From 0.
        count: How many there are.
        local: Number on this machine, which is that of its GPU.
    """

    number: int
    count: int
    local: int

    @classmethod
    def from_environment(cls) -> "Rank":
        """The rank that torchrun, accelerate or a scheduler gave this process; the only one without them."""
        number, count, local = (
            int(os.environ.get(name, default))
            for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
        )
        return cls(number=number, count=count, local=local)


class Chosen(Sequence[SynthesisRequest]):
    """Some of many requests, each built when it is asked for.

    Args:
        requests: All of them.
        positions: Which are chosen, in order.
    """

    def __init__(self, requests: Sequence[SynthesisRequest], positions: Sequence[int]) -> None:
        self._requests, self._positions = requests, positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """One of them, or a slice."""
        if isinstance(index, slice):
            return Chosen(self._requests, self._positions[index])
        return self._requests[self._positions[index]]

    def __iter__(self) -> Iterator[SynthesisRequest]:
        return (self._requests[position] for position in self._positions)


def share_of(
    rank: Rank, requests: Sequence[SynthesisRequest], bank: SampleBank, *, max_attempts: int = 3
) -> Sequence[SynthesisRequest]:
    """The outstanding requests that this rank makes: every rank's are others, together they are all.

    The ranks wait for each other while they look into the bank, so that they see the same, and never again:
    if one of them is killed, the others finish their shares, and a second run shares out what is left.

    Args:
        rank: This process.
        requests: What is wanted, the same in every rank.
        bank: Where it goes; the same for all.
        max_attempts: Draws for a request before it is given up.
    """
    positions: list[int] = []
    for first in range(0, len(requests), CHUNK):
        states = trace_all(bank, list(requests[first : first + CHUNK]), max_attempts)
        positions += [first + n for n, state in enumerate(states) if isinstance(state, Outstanding)]
    if rank.count == 1:
        return Chosen(requests, positions)
    _meet()
    return Chosen(requests, positions[rank.number :: rank.count])


def _meet() -> None:
    """Wait until all ranks have come here, then dissolve the group: nothing that follows needs the others."""
    import torch.distributed as group

    group.init_process_group("gloo")
    try:
        group.barrier()
    finally:
        group.destroy_process_group()
