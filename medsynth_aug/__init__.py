"""medsynth-aug: rare lesions painted into real radiographs, so that the rare classes of a data set fill up.

The names below load on first use, so that `import medsynth_aug` takes milliseconds and reading a bank never
loads a diffusion library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from medsynth_aug.version import __version__

if TYPE_CHECKING:
    from medsynth_aug.bank import SampleBank
    from medsynth_aug.data import RebalancedDataset, check_splits, plan_rebalancing
    from medsynth_aug.diffusion import LesionSynthesizer
    from medsynth_aug.lesions import Lesion, register_lesion
    from medsynth_aug.synthesis import FakeSynthesizer, SynthesisRequest, real_source

__all__ = [
    "FakeSynthesizer", "Lesion", "LesionSynthesizer", "RebalancedDataset", "SampleBank", "SynthesisRequest",
    "__version__", "check_splits", "plan_rebalancing", "real_source", "register_lesion",
]  # fmt: skip

_HOMES = {
    "FakeSynthesizer": "synthesis",
    "Lesion": "lesions",
    "LesionSynthesizer": "diffusion",
    "RebalancedDataset": "data",
    "SampleBank": "bank",
    "SynthesisRequest": "synthesis",
    "check_splits": "data",
    "plan_rebalancing": "data",
    "real_source": "synthesis",
    "register_lesion": "lesions",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'medsynth_aug' has no attribute {name!r}")
    value = getattr(import_module(f"medsynth_aug.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
