"""What a user gives, checked before anything is done with it; NumPy's integers are as good as Python's."""

import math
from numbers import Real
from operator import index
from typing import Any

from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.synthesizer import Synthesizer

LAST_EPOCH = 2**31 - 2
"""The readers' board notes the number behind it, in 32 bits."""


def whole_number(name: str, value: Any, *, least: int | None = None) -> int:
    """A whole number as Python's own.

    Args:
        name: What the message calls it.
        value: What was given.
        least: The smallest that is taken.

    Raises:
        SettingError: If it is no whole number, or too small.
    """
    try:
        number = index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise SettingError(f"{name} is {value!r}; it must be a whole number")
    if least is not None and number < least:
        raise SettingError(f"{name} is {number}; it must be at least {least}")
    return number


def finite_number(name: str, value: Any) -> float:
    """A number as Python's own.

    Args:
        name: What the message calls it.
        value: What was given.

    Raises:
        SettingError: If it is no number, not a number, or infinite.
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise SettingError(f"{name} is {value!r}; it must be a finite number")
    return float(value)


def epoch_number(epoch: Any) -> int:
    """The number of an epoch.

    Raises:
        SettingError: If it is no whole number, below 0, or above `LAST_EPOCH`.
    """
    number = whole_number("epoch", epoch)
    if not 0 <= number <= LAST_EPOCH:
        raise SettingError(f"epoch is {number}; epochs count from 0 to {LAST_EPOCH}")
    return number


def check_engine(synthesizer: Any) -> None:
    """Check that something can paint.

    Raises:
        SettingError: If it lacks a part of the `Synthesizer` seam, or is a class.
    """
    if isinstance(synthesizer, type) or not isinstance(synthesizer, Synthesizer):
        raise SettingError(
            f"synthesizer is {synthesizer!r}; pass an engine, for example "
            'LesionSynthesizer.from_pretrained("starter")'
        )
