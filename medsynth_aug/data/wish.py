"""What the user wants of a plan, besides the data, as one value."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.backgrounds import Background
from medsynth_aug.data.labels import ClassKey
from medsynth_aug.data.strategy import SamplingStrategy
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.settings import SamplingSettings

MapOfItem: TypeAlias = Callable[[int], torch.Tensor | None] | None
"""Gives a boolean map on the image's grid for the index of an item, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user wants of a plan, besides the data. See `plan_rebalancing` for each."""

    lesions: Mapping[ClassKey, str | Lesion]
    background: Background = None
    sampling_strategy: SamplingStrategy = "auto"
    max_ratio: float = 1.0
    force: bool = False
    targets: Sequence[ClassKey] | None = None
    exclusive: Iterable[ClassKey] = ()
    masks: MapOfItem = None
    anatomy: MapOfItem = None
    keep_mask: MapOfItem = None
    seed: int = 0
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    conditioning: ConditioningSettings = field(default_factory=ConditioningSettings)


def maps_of(wish: Wish, index: int) -> dict[str, torch.Tensor]:
    """The user's own maps for an item, by the request's name for their digest."""
    makers = {"mask_digest": wish.masks, "anatomy_digest": wish.anatomy, "keep_mask_digest": wish.keep_mask}
    given = {name: None if maker is None else maker(index) for name, maker in makers.items()}
    return {name: map_.contiguous() for name, map_ in given.items() if map_ is not None}
