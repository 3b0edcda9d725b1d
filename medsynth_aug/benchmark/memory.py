"""How much memory a call takes at its highest, as far as the machine tells."""

import sys
from pathlib import Path

import torch

_RESET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def reset_peak(device: torch.device) -> str:
    """Forget the highest use so far; returns what `read_peak` will mean.

    Returns:
        `cuda_max_memory_allocated`, `process_rss_high_water` of the call alone, or, where the system cannot
        forget, `process_rss_high_water_since_start`.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return "cuda_max_memory_allocated"
    try:
        _RESET.write_text("5")  # proc(5): resets the peak resident set size to the current one
    except OSError:
        return "process_rss_high_water_since_start"
    return "process_rss_high_water"


def read_peak(device: torch.device) -> int:
    """Highest use in bytes since `reset_peak`; on a CPU that of the whole process with all weights loaded."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if _STATUS.is_file():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
