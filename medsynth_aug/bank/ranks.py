"""Fill a bank with many processes: each rank makes what is outstanding of its share."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.generation import CHUNK
from medsynth_aug.bank.tracing import Outstanding, trace_all
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.request import SynthesisRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """Which of the processes that were launched together this one is.

    Args:
        number: From 0.
        count: How many there are.
        local: Number on this machine, which is that of its GPU.

    Raises:
        SettingError: If there is no such rank among so many.
    """

    number: int
    count: int
    local: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.count or self.local < 0:
            raise SettingError(
                f"RANK is {self.number}, WORLD_SIZE {self.count} and LOCAL_RANK {self.local}; ranks count "
                "from 0 to WORLD_SIZE - 1: set all three as torchrun does, or none for one process alone"
            )

    @classmethod
    def from_environment(cls) -> "Rank":
        """The rank that torchrun, accelerate or a scheduler gave this process; the only one without them.

        Raises:
            SettingError: If RANK, WORLD_SIZE or LOCAL_RANK is no whole number, or they do not go together.
        """
        return cls(
            number=_whole_number("RANK", 0),
            count=_whole_number("WORLD_SIZE", 1),
            local=_whole_number("LOCAL_RANK", 0),
        )


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

    A rank's share is fixed by its number and theirs, whatever the bank holds by now, so ranks never meet: one
    that starts late or again finds what is left of its own, and one that is killed takes nobody along.

    Args:
        rank: This process.
        requests: What is wanted, the same in every rank.
        bank: Where it goes; the same for all.
        max_attempts: Draws for a request before it is given up.

    Raises:
        BankError: If the bank cannot be read.
    """
    share = requests[rank.number :: rank.count]
    outstanding: list[int] = []
    for first in range(0, len(share), CHUNK):
        states = trace_all(bank, list(share[first : first + CHUNK]), max_attempts)
        outstanding += [first + n for n, state in enumerate(states) if isinstance(state, Outstanding)]
    return Chosen(share, outstanding)


def _whole_number(name: str, default: int) -> int:
    value = os.environ.get(name, default)
    try:
        return int(value)
    except ValueError:
        raise SettingError(
            f"{name} is {value!r} in the environment; it must be a whole number, as torchrun sets it, "
            "or be unset for one process alone"
        ) from None
