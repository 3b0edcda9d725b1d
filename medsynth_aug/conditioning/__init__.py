"""Conditioning: canny, depth, noise removal and resolution."""

from medsynth_aug.conditioning.canny import canny
from medsynth_aug.conditioning.controls import control_images
from medsynth_aug.conditioning.depth import AttenuationDepth, DepthModel
from medsynth_aug.conditioning.noise import estimate_noise, remove_noise
from medsynth_aug.conditioning.resolution import resample
from medsynth_aug.conditioning.settings import CONTROL_NAMES, ConditioningSettings

__all__ = [
    "CONTROL_NAMES", "AttenuationDepth", "ConditioningSettings", "DepthModel", "canny", "control_images",
    "estimate_noise", "remove_noise", "resample",
]  # fmt: skip
