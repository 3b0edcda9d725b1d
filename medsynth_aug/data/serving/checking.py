"""How a data set is asked to serve its samples, checked before anything is read or made."""

import os
from typing import Any, Literal, get_args

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.producer.given import check_engine, whole_number
from medsynth_aug.bank.producer.producer import check_on_late
from medsynth_aug.data.serving.filling import Accept
from medsynth_aug.errors import SettingError

Mode = Literal["cached", "on_the_fly"]


def check_serving(
    synthesizer: Any,
    bank: Any,
    *,
    mode: str,
    accept: str,
    on_late: str,
    **counts: Any,
) -> None:
    """Check what `RebalancedDataset` is given, in either mode.

    Args:
        synthesizer: Makes the samples, or None.
        bank: The bank, or its folder.
        mode: Cached or on the fly.
        accept: Any sample, or approved ones only.
        on_late: What to do about a sample that is not there yet.
        counts: `reuse`, `ahead` and `batch_size`; their ranges are checked where they are used.

    Raises:
        SettingError: If one of them is unknown or of the wrong type, or `"on_the_fly"` has no synthesizer.
    """
    if accept not in get_args(Accept):
        raise SettingError(f'accept is {accept!r}; use "any" or "approved"')
    if mode not in get_args(Mode):
        raise SettingError(f'mode is {mode!r}; use "cached" or "on_the_fly"')
    check_on_late(on_late)
    if not isinstance(bank, SampleBank | str | os.PathLike):
        raise SettingError(f'bank is {bank!r}; give its folder, for example bank="bank/", or a SampleBank')
    for name, count in counts.items():
        whole_number(name, count)
    if synthesizer is not None:
        check_engine(synthesizer)
    elif mode == "on_the_fly":
        raise SettingError(
            'mode="on_the_fly" needs a synthesizer; a bank that was filled before is read with mode="cached"'
        )
