"""Diffusion: checkpoints, devices, regions of interest and sampling behind `LesionSynthesizer`."""

from medsynth_aug.diffusion.device import pick_device
from medsynth_aug.diffusion.synthesizer import LesionSynthesizer
from medsynth_aug.diffusion.training_index import TrainingIndex, read_index

__all__ = ["LesionSynthesizer", "TrainingIndex", "pick_device", "read_index"]
