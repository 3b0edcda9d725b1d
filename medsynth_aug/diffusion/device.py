"""The one place that decides where tensors live and in which precision."""

import contextlib

import torch

from medsynth_aug.errors import DeviceError, SettingError


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" takes CUDA, else Apple's MPS, else the CPU.

    Raises:
        DeviceError: If a device is demanded that this machine does not have.
        SettingError: If the name is none of torch's.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as problem:
        raise SettingError(f"device is {name!r}; choose auto, cpu, cuda, cuda:1 or mps") from problem
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if device.type not in present:
        raise SettingError(f"device is {name!r}; choose auto, cpu, cuda, cuda:1 or mps")
    if not present[device.type]:
        raise DeviceError(
            f"device {name!r} was asked for but is not there ({torch.cuda.device_count()} CUDA devices "
            "seen); use device='auto' to take what the machine has"
        )
    return device


def pick_dtype(device: torch.device) -> torch.dtype:
    """bf16 where the device computes in it, else fp16 on MPS and fp32 on older processors."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "mps":
        return torch.float16
    native = False
    with contextlib.suppress(AttributeError):
        native = bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return torch.bfloat16 if native else torch.float32
