"""What a benchmark ran on, so that its report can say so."""

import os
import platform
from importlib.metadata import version
from typing import Any

import torch

from medsynth_aug.version import __version__

LIBRARIES = ("torch", "diffusers", "transformers", "numpy")


def environment_of(device: torch.device) -> dict[str, Any]:
    """Device, processor, threads and versions, JSON-serialisable."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "device": str(device),
        "device_name": name,
        "threads": torch.get_num_threads(),
        "cpu_count": os.cpu_count(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {"medsynth-aug": __version__} | {library: version(library) for library in LIBRARIES},
    }
