"""How strongly and how long to denoise."""

from dataclasses import dataclass
from typing import Literal, get_args

from medsynth_aug.errors import SettingError

SchedulerName = Literal["checkpoint", "ddim", "dpmsolver++", "unipc", "lcm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """How strongly and how long to denoise; the names are diffusers'.

    Args:
        num_inference_steps: Denoising steps that are really run, at least 1; the schedule is truncated by
            `strength` first, so few steps stay few.
        strength: Share of the noise schedule that is run, in (0, 1]; None takes the lesion's own.
        guidance_scale: Classifier-free guidance; 1 turns it off and halves the cost.
        scheduler: A few-step scheduler by name, or the checkpoint's own.

    Raises:
        SettingError: If a value is out of its range.
    """

    num_inference_steps: int = 4
    strength: float | None = None
    guidance_scale: float = 1.0
    scheduler: SchedulerName = "checkpoint"

    def __post_init__(self) -> None:
        if self.num_inference_steps < 1:
            raise SettingError(f"num_inference_steps is {self.num_inference_steps}; it must be at least 1")
        if self.strength is not None:
            object.__setattr__(self, "strength", float(self.strength))
            if not 0 < float(self.strength) <= 1:
                raise SettingError(f"strength is {self.strength}; it must be in (0, 1]")
        object.__setattr__(self, "guidance_scale", float(self.guidance_scale))
        if self.guidance_scale < 1:
            raise SettingError(f"guidance_scale is {self.guidance_scale}; it must be at least 1 (1 is off)")
        if self.scheduler not in get_args(SchedulerName):
            raise SettingError(
                f"scheduler is {self.scheduler!r}; choose from {', '.join(get_args(SchedulerName))}"
            )
