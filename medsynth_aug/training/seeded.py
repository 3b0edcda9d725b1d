"""Initial weights and noise that depend on a seed alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


@contextmanager
def seeded_weights(seed: int) -> Iterator[None]:
    """Networks built inside get the weights of `seed`; the caller's global generator is left as it was.

    Layers draw their weights from torch's global CPU generator and take no other, so that one is forked here.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def seeded_noise(like: Tensor, rng: np.random.Generator) -> Tensor:
    """Standard normal noise of the shape of `like`, drawn on its device: a GPU would wait for a CPU's."""
    generator = torch.Generator(like.device).manual_seed(int(rng.integers(2**63)))
    return torch.randn(like.shape, generator=generator, device=like.device)
