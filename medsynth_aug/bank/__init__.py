"""The bank: samples with their records, stored once and for good."""

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.generation import GenerationReport, generate
from medsynth_aug.bank.info import BankInfo
from medsynth_aug.bank.pruning import Pruned, PruneRule
from medsynth_aug.bank.sources import SourceStore
from medsynth_aug.bank.tracing import Outstanding, trace

__all__ = [
    "BankInfo", "GenerationReport", "Outstanding", "PruneRule", "Pruned", "SampleBank", "SourceStore",
    "generate", "trace",
]  # fmt: skip
