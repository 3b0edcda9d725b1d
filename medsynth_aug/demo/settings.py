"""What the demonstration is asked to do, as one value."""

from dataclasses import dataclass
from pathlib import Path

from medsynth_aug.errors import SettingError

MOST_PER_CLASS = 40
"""Above this, one real case would carry about ten painted ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """What the demonstration is asked to do.

    Args:
        out: Folder that everything is written into.
        data: Folder with `labels.csv` and its images.
        checkpoint: Name, folder or Hub id of the weights.
        fake: Paint the lesion priors alone, without weights.
        per_class: Items that each rare class is brought up to, real ones included, 1 to 40.
        epochs: Passes over the rebalanced set, at least 1.
        seed: Decides backgrounds, lesions and the classifier's start.
        progress: Show progress bars on standard error.

    Raises:
        SettingError: If a number is out of its range.
    """

    out: Path
    data: Path
    checkpoint: str = "starter"
    fake: bool = False
    per_class: int = 12
    epochs: int = 30
    seed: int = 0
    progress: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.per_class <= MOST_PER_CLASS:
            raise SettingError(f"per_class is {self.per_class}; it must be 1 to {MOST_PER_CLASS}")
        if self.epochs < 1:
            raise SettingError(f"epochs is {self.epochs}; it must be at least 1")
