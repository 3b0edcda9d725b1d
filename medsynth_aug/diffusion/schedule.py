"""Which noise levels are visited: a few-step schedule, truncated by strength."""

import math
from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    LCMScheduler,
    SchedulerMixin,
    UniPCMultistepScheduler,
)

from medsynth_aug.errors import CheckpointError
from medsynth_aug.synthesis.settings import SchedulerName

_SCHEDULERS: dict[str, Any] = {
    "ddim": DDIMScheduler,
    "dpmsolver++": DPMSolverMultistepScheduler,
    "unipc": UniPCMultistepScheduler,
    "lcm": LCMScheduler,
}


def build_scheduler(name: SchedulerName, config: dict[str, Any]) -> SchedulerMixin:
    """A scheduler of that name for a checkpoint's noise schedule.

    Raises:
        CheckpointError: If the checkpoint's own scheduler is not one of diffusers'.
    """
    if name != "checkpoint":
        return _SCHEDULERS[name].from_config(config)
    import diffusers

    kind = getattr(diffusers, str(config.get("_class_name")), None)
    if kind is None:
        raise CheckpointError(
            f"scheduler {config.get('_class_name')!r} of the checkpoint is not in diffusers"
        )
    return kind.from_config(config)


def truncated_timesteps(scheduler: SchedulerMixin, steps: int, strength: float) -> torch.Tensor:
    """The last `steps` timesteps of a schedule of which `strength` is run.

    diffusers counts steps before truncation, so strength 0.5 of 4 steps runs 2; here 4 steps are 4 steps: the
    whole schedule has `ceil(steps / strength)`.

    Args:
        scheduler: Is set to the schedule.
        steps: Steps that are run, at least 1.
        strength: Share of the noise schedule, in (0, 1].
    """
    scheduler.set_timesteps(math.ceil(steps / strength - 1e-9))
    order = getattr(scheduler, "order", 1)
    timesteps = scheduler.timesteps[-steps * order :]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(len(scheduler.timesteps) - len(timesteps))
    return timesteps
