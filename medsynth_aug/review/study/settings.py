"""What a reader study is, stated before the first answer."""

import math
from dataclasses import dataclass

from medsynth_aug.bank.producer.given import finite_number, whole_number
from medsynth_aug.errors import SettingError

LARGEST_PX = 1024
"""The side of the images of a study whose sources would allow a larger one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """How many images a study shows, how they are shown, and what its verdict needs.

    Args:
        images_per_arm: Real images, and as many synthetic ones, at least 4.
        repeats_per_arm: How many of them each reader sees twice, at most half of `images_per_arm`.
        looks: How often the answers are looked at, at equal steps, 1 to 10. With 1 the study runs to its end.
        margin: The verdict "indistinguishable" needs the whole interval of the AUC within 0.5 ± `margin`,
            in (0, 0.5).
        alpha: Two-sided error of the interval over all looks together, in (0, 0.5).
        size_px: Side of the square images; None takes three quarters of the smallest side of all images,
            at most 1024.
        trim: Share of each side that is cut off every image before it is squared, in [0, 0.4).
        match_strata: Match the arms by stratum (source and view, say) as well as by class.
        other_classes: Classes that readers may answer although no image shows them.
        seed: Seed of every draw; None draws one. It stands in the key only.

    Raises:
        SettingError: If a value is out of its range, or no number where one is wanted.
    """

    images_per_arm: int = 100
    repeats_per_arm: int = 10
    looks: int = 1
    margin: float = 0.1
    alpha: float = 0.05
    size_px: int | None = None
    trim: float = 0.04
    match_strata: bool = False
    other_classes: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("images_per_arm", "repeats_per_arm", "looks"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        for name in ("margin", "alpha", "trim"):
            finite_number(name, getattr(self, name))
        for name in ("size_px", "seed"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        _within("images_per_arm", self.images_per_arm, 4, math.inf)
        _within("repeats_per_arm", self.repeats_per_arm, 0, self.images_per_arm // 2)
        _within("looks", self.looks, 1, min(10, self.images_per_arm // 2))
        _within("size_px", 8 if self.size_px is None else self.size_px, 8, 8192)
        if not 0 < self.margin < 0.5:
            raise SettingError(f"margin is {self.margin:g}; it is a distance from an AUC of 0.5, such as 0.1")
        if not 0 < self.alpha < 0.5:
            raise SettingError(f"alpha is {self.alpha:g}; it is an error rate, such as 0.05")
        if not 0 <= self.trim < 0.4:
            raise SettingError(f"trim is {self.trim:g}; it is a share of each side, from 0 to below 0.4")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingError(f"{name} is {value:g}; it must lie from {low:g} to {high:g}")
