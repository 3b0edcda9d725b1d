"""The random state that a process shares, looked at and set so that checks can show who leaves it alone."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def global_state() -> list[bytes]:
    """The state of Python's, NumPy's and torch's shared generators, comparable."""
    name, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    states = [
        repr(random.getstate()).encode(),
        repr((name, position, has_gauss, gauss)).encode() + np.asarray(keys).tobytes(),
        torch.get_rng_state().numpy().tobytes(),
    ]
    return states + [state.numpy().tobytes() for state in _cuda_states()]


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seed every shared generator inside the block, and give all of them back as they were."""
    pythons, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=range(len(_cuda_states()))):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(pythons)
            np.random.set_state(numpys)  # noqa: NPY002


def _cuda_states() -> list[torch.Tensor]:
    return torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
