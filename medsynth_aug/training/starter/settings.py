"""The settings of one run of the recipe, and how its time is divided over the stages."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from medsynth_aug.errors import SettingError
from medsynth_aug.training.starter.images.anatomy import AnatomyKind
from medsynth_aug.training.starter.images.prompts import MODALITY

SHARES = {"lung_fields": 0.06, "autoencoder": 0.16, "decoder": 0.06, "denoiser": 0.54, "few_steps": 0.18}
"""The stages in their order, and how the time is divided; a run of some stages divides it over those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One run of the recipe; see the command line for the meaning of each.

    Raises:
        SettingError: If anatomy or stages are not known, or a stage lacks what it goes on from.
    """

    data: Path
    out: Path
    modality: str = MODALITY
    anatomy: AnatomyKind = "lungs"
    start_from: str | None = None
    stages: tuple[str, ...] | None = None
    budget_minutes: float = 120.0
    pool: str | None = "starter"
    device: str = "auto"
    batch_size: int | None = None
    passes: int | None = None
    limit: int | None = None
    max_steps: int | None = None
    scenes_per_draw: int | None = None
    learning_rate: float = 6e-4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.anatomy not in get_args(AnatomyKind):
            raise SettingError(f"anatomy is {self.anatomy!r}; choose from {', '.join(get_args(AnatomyKind))}")
        unknown = set(self.trained) - set(SHARES)
        if unknown or not self.trained:
            raise SettingError(f"stages are {list(self.trained)}; choose from {', '.join(SHARES)}")
        if "lung_fields" in self.trained and self.anatomy != "lungs":
            raise SettingError(
                f"stage lung_fields segments lungs, but anatomy is {self.anatomy!r}; leave that stage out"
            )
        missing = {"autoencoder", "denoiser"} - set(self.trained)
        if self.start_from is None and missing:
            raise SettingError(
                f"without stage {', '.join(sorted(missing))} there is nothing to go on from; name a "
                "checkpoint in start_from, or train those too"
            )

    @property
    def trained(self) -> tuple[str, ...]:
        """The stages of this run: those asked for, else the denoiser of a checkpoint, else all that apply."""
        if self.stages is not None:
            return self.stages
        if self.start_from is not None:
            return ("denoiser",)
        return tuple(stage for stage in SHARES if stage != "lung_fields" or self.anatomy == "lungs")

    def minutes(self, stage: str) -> float:
        """Minutes of one stage."""
        return self.budget_minutes * SHARES[stage] / sum(SHARES[one] for one in self.trained)
