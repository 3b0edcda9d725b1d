"""Quality: how much of it fewer steps, no guidance or fewer controls cost, on the same draws."""

from medsynth_aug.benchmark.quality.ablation import run_controls
from medsynth_aug.benchmark.quality.curve import run_quality
from medsynth_aug.benchmark.quality.engine import open_ungated
from medsynth_aug.benchmark.quality.films import Film, read_films
from medsynth_aug.benchmark.quality.settings import ControlsSettings, QualitySettings
from medsynth_aug.benchmark.quality.tables import as_quality_table

__all__ = [
    "ControlsSettings", "Film", "QualitySettings", "as_quality_table", "open_ungated", "read_films",
    "run_controls", "run_quality",
]  # fmt: skip
