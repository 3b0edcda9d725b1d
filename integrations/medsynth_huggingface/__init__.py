"""Hugging Face Hub: publish approved virtual patients as a data set that anyone can load."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medsynth_huggingface.corpus import Corpus, CorpusFinding, CorpusImage, CorpusPatient, ReaderAnswer
    from medsynth_huggingface.publishing import push_virtual_patients
    from medsynth_huggingface.report import PublishReport
    from medsynth_huggingface.rows import pixels_digest
    from medsynth_huggingface.settings import PublishSettings
    from medsynth_huggingface.splits import SplitShares
    from medsynth_huggingface.starter import push_starter
    from medsynth_huggingface.virtual_patients import VirtualPatients

_HOMES = {
    "Corpus": "corpus", "CorpusFinding": "corpus", "CorpusImage": "corpus", "CorpusPatient": "corpus",
    "PublishReport": "report", "PublishSettings": "settings", "ReaderAnswer": "corpus",
    "SplitShares": "splits", "VirtualPatients": "virtual_patients", "pixels_digest": "rows",
    "push_starter": "starter", "push_virtual_patients": "publishing",
}  # fmt: skip
"""Where each public name lives; it is loaded at its first use, so that the command line stays quick."""

__all__ = [
    "Corpus", "CorpusFinding", "CorpusImage", "CorpusPatient", "PublishReport", "PublishSettings",
    "ReaderAnswer", "SplitShares", "VirtualPatients", "pixels_digest", "push_starter",
    "push_virtual_patients",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
