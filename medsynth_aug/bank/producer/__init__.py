"""On the fly: one process a device makes samples ahead of need, and readers take them from the bank."""

from medsynth_aug.bank.producer.draws import Draws, SameLesion
from medsynth_aug.bank.producer.frozen import FrozenByEpoch
from medsynth_aug.bank.producer.producer import OnLate, Producer
from medsynth_aug.bank.producer.recipe import PackedSynthesizer
from medsynth_aug.bank.producer.report import ProductionReport

__all__ = [
    "Draws", "FrozenByEpoch", "OnLate", "PackedSynthesizer", "Producer", "ProductionReport", "SameLesion",
]  # fmt: skip
