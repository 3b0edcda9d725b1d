"""What the user wants of a plan, besides the data, as one value."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

from medsynth_aug.bank.producer.given import finite_number, whole_number
from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.data.planning.backgrounds import Background
from medsynth_aug.data.planning.confounders import Match
from medsynth_aug.data.planning.strategy import SamplingStrategy
from medsynth_aug.errors import SettingError
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.settings import SamplingSettings

MapOfItem: TypeAlias = Callable[[int], torch.Tensor | None] | None
"""Gives a boolean map on the image's grid for the index of an item, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user wants of a plan, besides the data. See `plan_rebalancing` for each.

    Raises:
        SettingError: If `lesions`, `seed`, `max_ratio`, `max_per_patient`, `sham_fraction` or `match` is out
            of its range or form.
    """

    lesions: Mapping[ClassKey, str | Lesion]
    background: Background = None
    sampling_strategy: SamplingStrategy = "auto"
    max_ratio: float = 1.0
    force: bool = False
    targets: Sequence[ClassKey] | None = None
    exclusive: Iterable[ClassKey] = ()
    max_per_patient: int | None = None
    match: Match = None
    match_strict: bool = True
    sham_fraction: float = 0.0
    masks: MapOfItem = None
    anatomy: MapOfItem = None
    keep_mask: MapOfItem = None
    seed: int = 0
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    conditioning: ConditioningSettings = field(default_factory=ConditioningSettings)

    def __post_init__(self) -> None:
        if not isinstance(self.lesions, Mapping):
            raise SettingError(
                f"lesions is {self.lesions!r}; name a lesion for a class, for example "
                "lesions={3: 'pneumothorax'}"
            )
        object.__setattr__(self, "seed", whole_number("seed", self.seed))
        finite_number("max_ratio", self.max_ratio)
        if self.max_per_patient is not None:
            cap = whole_number("max_per_patient", self.max_per_patient, least=1)
            object.__setattr__(self, "max_per_patient", cap)
        if not 0 <= finite_number("sham_fraction", self.sham_fraction) <= 1:
            raise SettingError(
                f"sham_fraction is {self.sham_fraction}; it is the share of the background items that is "
                "replaced, in [0, 1]"
            )
        if self.match is not None and not isinstance(self.match, Mapping):
            raise SettingError(
                "match names attributes with a value for each item, for example "
                'match={"view": views, "sex": sexes}'
            )


Makers: TypeAlias = dict[str, Callable[[int], torch.Tensor | None]]


def makers_of(wish: Wish) -> Makers:
    """The functions that give the user's own maps, by the request's name for the map's digest."""
    makers = {"mask_digest": wish.masks, "anatomy_digest": wish.anatomy, "keep_mask_digest": wish.keep_mask}
    return {name: maker for name, maker in makers.items() if maker is not None}


def maps_of(wish: Wish, index: int) -> dict[str, torch.Tensor]:
    """The user's own maps for an item, by the request's name for their digest."""
    given = {name: maker(index) for name, maker in makers_of(wish).items()}
    return {name: map_.contiguous() for name, map_ in given.items() if map_ is not None}
