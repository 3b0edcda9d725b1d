"""Chance: one frozen record of what was drawn for an item, and seeds that differ in every worker."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance decided for one item, before the item was looked at.

    Args:
        paints: Whether a lesion is to be painted if the label allows it.
        pick: Which lesion, as a quantile of their weights, in [0, 1).
        token: 16 hexadecimal digits that name this draw; with the source they name the slot.
    """

    paints: bool
    pick: float
    token: str


def mixed_state(*seeds: int) -> np.random.RandomState:
    """A generator that each of the seeds decides; MONAI's `Randomizable.R` wants a `RandomState`."""
    entropy = [int(seed) % 2**64 for seed in seeds]
    return np.random.RandomState(np.random.SeedSequence(entropy).generate_state(8))


def token_of(state: np.random.RandomState) -> str:
    """The next 64 bits of a generator, in hexadecimal digits."""
    return str(state.bytes(8).hex())
