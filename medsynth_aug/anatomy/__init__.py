"""Anatomy: lung fields, ribs, orientation and spacing."""

from medsynth_aug.anatomy.schematic import schematic_lungs
from medsynth_aug.anatomy.spacing import assume_spacing

__all__ = ["assume_spacing", "schematic_lungs"]
