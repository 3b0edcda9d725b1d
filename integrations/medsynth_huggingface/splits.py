"""Which split a patient is in: decided by the patient's id alone, so that it never changes."""

import hashlib
from dataclasses import dataclass

from medsynth_aug.errors import SettingError

SPLITS = ("train", "validation", "test")
"""Names of the splits, in the order of their shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitShares:
    """Shares of the patients; what they leave over is the test split.

    Args:
        train: In [0, 1].
        validation: In [0, 1]; with `train` at most 1.

    Raises:
        SettingError: If a share is out of its range.
    """

    train: float = 0.8
    validation: float = 0.1

    def __post_init__(self) -> None:
        if min(self.train, self.validation) < 0 or self.train + self.validation > 1:
            raise SettingError(
                f"the shares are train {self.train} and validation {self.validation}; "
                "give two that are at least 0 and at most 1 together"
            )

    def split_of(self, patient_id: str) -> str:
        """The split of a patient: the same for every corpus, however many patients come or go."""
        place = int.from_bytes(hashlib.sha256(f"split:{patient_id}".encode()).digest()[:8]) / 2**64
        if place < self.train:
            return "train"
        return "validation" if place < self.train + self.validation else "test"
