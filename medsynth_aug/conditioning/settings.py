"""How the control images are made and how much they weigh."""

from dataclasses import dataclass

from medsynth_aug.errors import SettingError

CONTROL_NAMES = ("canny", "depth", "mask", "anatomy")
"""Every control channel, in the fixed order of the starter's ControlNet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditioningSettings:
    """Which structure guides the denoising; `controlnet_conditioning_scale` is diffusers' name.

    Args:
        controls: Control images that are given; the others are absent (zeros).
        controlnet_conditioning_scale: Weight of each control image's residuals, at least 0, or one for all.
        denoise: Remove high-frequency noise before edges and depth are computed.
        context: Side of the region of interest over the extent of the edit region, in [1, 4].

    Raises:
        SettingError: If a value is out of its range or a control is unknown.
    """

    controls: tuple[str, ...] = CONTROL_NAMES
    controlnet_conditioning_scale: float | tuple[float, ...] = 1.0
    denoise: bool = True
    context: float = 1.6

    def __post_init__(self) -> None:
        object.__setattr__(self, "controls", tuple(self.controls))
        unknown = [name for name in self.controls if name not in CONTROL_NAMES]
        if unknown:
            raise SettingError(f"controls {unknown} are unknown; choose from {', '.join(CONTROL_NAMES)}")
        scale = self.controlnet_conditioning_scale
        scales = tuple(float(s) for s in scale) if isinstance(scale, tuple | list) else float(scale)
        if any(value < 0 for value in (scales if isinstance(scales, tuple) else (scales,))):
            raise SettingError(f"controlnet_conditioning_scale is {scale}; it must be at least 0")
        object.__setattr__(self, "controlnet_conditioning_scale", scales)
        if not 1 <= self.context <= 4:
            raise SettingError(f"context is {self.context}; it must be in [1, 4]")
        object.__setattr__(self, "context", float(self.context))
