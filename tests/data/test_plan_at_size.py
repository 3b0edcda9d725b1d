"""A million samples are planned in bounded memory, enumerated one by one, and come back from their file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
from medsynth_aug.data import Plan, plan_rebalancing
from medsynth_aug.synthesis import FakeSynthesizer

NORMAL, RARE, COUNT = 20_000, 100_000, 1_000_000

class Tiny:
    targets = [0] * NORMAL + [1] * RARE
    groups = [f"p{index // 3}" for index in range(NORMAL + RARE)]

    def __len__(self):
        return NORMAL + RARE

    def __getitem__(self, index):
        return np.arange(64, dtype=np.uint8).reshape(8, 8) + np.uint8(index % 100), self.targets[index]

def peak():
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6  # getrusage would give the highest use of the parent process too

began, seconds, folder = time.perf_counter(), {}, sys.argv[1]

def lap(name):
    global began
    seconds[name], began = round(time.perf_counter() - began, 1), time.perf_counter()

views = ["PA", "AP", "LAT", None] * ((NORMAL + RARE) // 4)
plan = plan_rebalancing(
    Tiny(), FakeSynthesizer(), lesions={1: "nodule"}, background=[0], max_ratio=10, cache=folder,
    sampling_strategy={1: RARE + COUNT}, match={"view": views}, sham_fraction=0.1, max_per_patient=400,
    progress=False,
)
lap("plan")
before = peak()
slots = sum(request.slot == f"1/{place}" for place, request in enumerate(plan.requests))
lap("enumerate")
after = peak()
plan.save(f"{folder}/plan.jsonl")
lap("save")
same = Plan.load(f"{folder}/plan.jsonl") == plan
lap("load")
print(json.dumps({
    "samples": len(plan), "shams": len(plan.shams), "slots": slots, "grown_gb": after - before,
    "peak_gb": peak(), "same": same, "seconds": seconds,
}))
"""


@pytest.mark.slow
def test_a_million_samples_are_planned_enumerated_and_saved(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    print(found)
    assert (found["samples"], found["shams"], found["slots"]) == (1_000_000, 2_000, 1_000_000)
    assert found["same"] and found["peak_gb"] <= 1.5
    assert found["grown_gb"] < 0.05  # a million requests held at once would be half a gigabyte
