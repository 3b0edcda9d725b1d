"""The stack of control images in the fixed order that the starter's ControlNet was trained on."""

import numpy as np

from medsynth_aug.conditioning.canny import canny
from medsynth_aug.conditioning.depth import AttenuationDepth, DepthModel
from medsynth_aug.conditioning.noise import remove_noise
from medsynth_aug.conditioning.settings import CONTROL_NAMES, ConditioningSettings
from medsynth_aug.types import Grey


def control_images(
    grey: Grey,
    mask: Grey,
    anatomy: Grey,
    settings: ConditioningSettings,
    *,
    depth_model: DepthModel | None = None,
) -> Grey:
    """Canny, depth, mask and anatomy of one region, absent ones as zeros.

    Args:
        grey: `(H, W)` float32 in [0, 1], at the size at which diffusion is run.
        mask: `(H, W)` float32, 1 inside the lesion.
        anatomy: `(H, W)` float32, 1 inside the lung fields.
        settings: Which controls are given, and whether noise is removed first.
        depth_model: Source of the depth map; attenuation by default.

    Returns:
        `(4, H, W)` float32 in [0, 1], in the order of `CONTROL_NAMES`.
    """
    calm = remove_noise(grey) if settings.denoise else grey
    makers = {
        "canny": lambda: canny(calm),
        "depth": lambda: (depth_model or AttenuationDepth())(calm),
        "mask": lambda: mask,
        "anatomy": lambda: anatomy,
    }
    absent = np.zeros_like(grey)
    given = [makers[name]() if name in settings.controls else absent for name in CONTROL_NAMES]
    return np.stack(given).astype(np.float32)
