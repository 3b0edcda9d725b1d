"""Settings that a whole process shares, looked at and set so that checks can show who leaves them alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch


class ProcessSetting(NamedTuple):
    """One setting, by the name of what sets it.

    Args:
        name: What sets it, dotted.
        get: What it is now.
        put: Sets it.
        callers: What two callers have it at; they differ where an engine works alike under both, so that
            whoever sets it is seen to, whatever to.
    """

    name: str
    get: Callable[[], Any]
    put: Callable[[Any], Any]
    callers: tuple[Any, Any]


_NUMPYS_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}

SETTINGS = (
    ProcessSetting("torch.set_grad_enabled", torch.is_grad_enabled, torch.set_grad_enabled, (True, False)),
    ProcessSetting("torch.set_num_threads", torch.get_num_threads, torch.set_num_threads, (2, 3)),
    ProcessSetting(
        "torch.set_default_dtype", torch.get_default_dtype, torch.set_default_dtype, (torch.float32,) * 2
    ),
    ProcessSetting(
        "torch.use_deterministic_algorithms",
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
        (False, False),
    ),
    ProcessSetting(
        "torch.backends.cudnn.benchmark",
        partial(getattr, torch.backends.cudnn, "benchmark"),
        partial(setattr, torch.backends.cudnn, "benchmark"),
        (False, True),
    ),
    ProcessSetting(
        "numpy.seterr",
        np.geterr,
        lambda errors: np.seterr(**errors),
        (_NUMPYS_ERRORS, dict.fromkeys(_NUMPYS_ERRORS, "ignore")),
    ),
)


@contextmanager
def settings_of_a_caller(number: int) -> Iterator[None]:
    """Every setting as the first (0) or the second caller (1) has it inside the block, and then as it was."""
    before = [setting.get() for setting in SETTINGS]
    try:
        for setting in SETTINGS:
            setting.put(setting.callers[number])
        yield
    finally:
        for setting, value in zip(SETTINGS, before, strict=True):
            setting.put(value)


def settings_changed(number: int) -> list[str]:
    """Each setting that is no longer as that caller had it, and what it is now."""
    return [
        f"{setting.name} ({setting.callers[number]} before, {now} after)"
        for setting in SETTINGS
        if (now := setting.get()) != setting.callers[number]
    ]
