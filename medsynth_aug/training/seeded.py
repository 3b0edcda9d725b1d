"""Initial weights that depend on a seed alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded_weights(seed: int) -> Iterator[None]:
    """Networks built inside get the weights of `seed`; the caller's global generator is left as it was.

    Layers draw their weights from torch's global CPU generator and take no other, so that one is forked here.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
