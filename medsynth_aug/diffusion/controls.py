"""Which control image goes to which ControlNet."""

from collections.abc import Sequence

from diffusers import ControlNetModel
from torch import Tensor

from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.errors import CheckpointError, SettingError


def assign_controls(controlnets: Sequence[ControlNetModel], names: Sequence[str] | None) -> tuple[str, ...]:
    """What each ControlNet is fed: the whole "stack", or one control image by name.

    Args:
        controlnets: In the order of the checkpoint.
        names: One control name a ControlNet with three channels; None takes canny, then depth, and so on.

    Raises:
        CheckpointError: If a ControlNet takes neither four channels (the stack) nor three (an image).
        SettingError: If the names do not fit the ControlNets.
    """
    single = [net for net in controlnets if net.config.conditioning_channels != len(CONTROL_NAMES)]
    for net in single:
        if net.config.conditioning_channels != 3:
            raise CheckpointError(
                f"a ControlNet takes {net.config.conditioning_channels} control channels; "
                f"3 (one image) or {len(CONTROL_NAMES)} ({', '.join(CONTROL_NAMES)}) are known"
            )
    given = list(names) if names is not None else list(CONTROL_NAMES[: len(single)])
    if len(given) != len(single) or not set(given) <= set(CONTROL_NAMES):
        raise SettingError(
            f"controls {given} do not fit {len(single)} ControlNets with one image each; "
            f"name one of {', '.join(CONTROL_NAMES)} for each"
        )
    remaining = iter(given)
    return tuple(
        "stack" if net.config.conditioning_channels == len(CONTROL_NAMES) else next(remaining)
        for net in controlnets
    )


def route_controls(stack: Tensor, assigned: Sequence[str]) -> tuple[Tensor, ...]:
    """One control tensor a ControlNet from the stack `(B, 4, H, W)` of all control images."""

    def pick(name: str) -> Tensor:
        if name == "stack":
            return stack
        channel = CONTROL_NAMES.index(name)
        return stack[:, channel : channel + 1].expand(-1, 3, -1, -1).contiguous()

    return tuple(pick(name) for name in assigned)


def control_scales(scale: float | tuple[float, ...], count: int) -> tuple[float, ...]:
    """One weight a ControlNet.

    Raises:
        SettingError: If several weights were given but not one for each.
    """
    if isinstance(scale, tuple) and len(scale) != count:
        raise SettingError(
            f"controlnet_conditioning_scale has {len(scale)} values for {count} ControlNets; "
            "give one each, or one for all"
        )
    return scale if isinstance(scale, tuple) else (scale,) * count
