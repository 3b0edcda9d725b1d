"""Run as a script: makes one plan over a data set in memory and prints, as JSON, what that took."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from medsynth_aug.data import plan_rebalancing
from medsynth_aug.synthesis import FakeSynthesizer

PER_RARE = 10
"""Planned samples for each real item of the rare class."""

PER_BACKGROUND = 50
"""Planned samples for each item that may be painted into."""


class Numbered:
    """A data set of tiny pictures, made when they are read.

    Args:
        normal: Items to paint into.
        rare: Items of the rare class.
    """

    def __init__(self, normal: int, rare: int) -> None:
        self.targets = [0] * normal + [1] * rare
        self.groups = [f"patient {index // 3}" for index in range(normal + rare)]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return np.arange(64, dtype=np.uint8).reshape(8, 8) + np.uint8(index % 100), self.targets[index]


def measured(count: int) -> dict[str, float]:
    """Seconds and memory of a plan of so many samples."""
    rare = count // PER_RARE
    data = Numbered(count // PER_BACKGROUND, rare)
    before, began = _peak_mib(), time.perf_counter()
    plan = plan_rebalancing(
        data, FakeSynthesizer(), lesions={1: "nodule"}, background=[0], sampling_strategy={1: rare + count},
        max_ratio=PER_RARE, progress=False,
    )  # fmt: skip
    planned = time.perf_counter()
    built = sum(1 for _ in plan.requests)
    assert built == count, f"{built} of {count} samples were planned"
    listed, peak = time.perf_counter(), _peak_mib()
    return {
        "plan_s": planned - began, "requests_s": listed - planned, "grown_mib": peak - before,
        "peak_mib": peak,
    }  # fmt: skip


def _peak_mib() -> float:
    """Highest resident size of this process so far; `getrusage` would give that of its parent too."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))), flush=True)
