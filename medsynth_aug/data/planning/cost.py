"""What a plan will cost before anything runs: bytes from the sources, seconds from a measured rate."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from medsynth_aug.data.planning.planned import PlannedItem
from medsynth_aug.data.planning.planned_samples import PlannedSamples
from medsynth_aug.errors import SettingError

HOW_TO_TIME = "unknown until a rate was measured: pass seconds_per_sample, or run medsynth plan --time"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """What it takes to carry out a plan from an empty bank.

    Args:
        samples: Samples to be made, shams included.
        sources: Distinct items that they are painted into.
        sample_bytes: Pixels of the samples in the bank, masks and edit regions at one bit a pixel.
        map_bytes: At most: the anatomy of each source and the user's own maps, at one bit a pixel; equal
            maps are stored once.
        copy_bytes: Copies of the sources; 0 where none are kept.
        seconds: Time of one device; None where no rate was given.
        timed: How many samples the rate was measured on; None where that is not known.
    """

    samples: int
    sources: int
    sample_bytes: int
    map_bytes: int
    copy_bytes: int
    seconds: float | None
    timed: int | None = None

    @property
    def bytes(self) -> int:
        """All pixels in the bank; records and file headers, a few kilobytes a sample, come on top."""
        return self.sample_bytes + self.map_bytes + self.copy_bytes

    def __str__(self) -> str:
        copies = f", {_size(self.copy_bytes)} of it copies of the sources" if self.copy_bytes else ""
        time = HOW_TO_TIME
        if self.seconds is not None:
            rate = self.seconds / max(1, self.samples)
            measured = f", measured on n = {self.timed}" if self.timed else ""
            time = f"{_duration(self.seconds)} on one device at {rate:.3g} s a sample{measured}"
        return f"bank: {_size(self.bytes)} for {self.samples} samples{copies}\ntime: {time}"


def cost_of(
    samples: PlannedSamples, *, seconds_per_sample: float | None, timed: int | None, copies: bool
) -> PlanCost:
    """The cost of these samples.

    Raises:
        SettingError: If the rate is not finite and above 0.
    """
    if seconds_per_sample is not None and not 0 < seconds_per_sample < math.inf:
        raise SettingError(f"seconds_per_sample is {seconds_per_sample}; give a measured rate above 0")
    uses = np.bincount(samples.rows, minlength=len(samples.items))
    used = [(item, int(count)) for item, count in zip(samples.items, uses) if count]
    return PlanCost(
        samples=len(samples),
        sources=len(used),
        sample_bytes=sum((_image(item) + 2 * _bits(item)) * count for item, count in used),
        map_bytes=sum(_maps(item) for item, _ in used),
        copy_bytes=sum(_image(item) for item, _ in used) if copies else 0,
        seconds=None if seconds_per_sample is None else seconds_per_sample * len(samples),
        timed=timed,
    )


def _image(item: PlannedItem) -> int:
    return math.prod(item.shape) * int(getattr(torch, item.dtype).itemsize)


def _bits(item: PlannedItem, channels: int = 1) -> int:
    return math.ceil(channels * item.shape[1] * item.shape[2] / 8)


def _maps(item: PlannedItem) -> int:
    """The anatomy, which is the user's own or found once, and the user's mask and keep-mask."""
    own = (item.mask_digest is not None) + (item.keep_mask_digest is not None)
    return _bits(item, 2) + own * _bits(item)


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} seconds"
