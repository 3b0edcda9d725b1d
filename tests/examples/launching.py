"""Start a program in two processes, as torchrun does, and see that nothing of it is left."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


def run_twofold(program: list[str], folder: Path, seconds: float = 240) -> str:
    """What a program says that runs in two processes; it must succeed and leave no process behind."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        [*command, *program], cwd=folder, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        said, told = running.communicate(timeout=seconds)
    finally:
        running.kill()
    assert running.returncode == 0, told[-4000:]
    deadline = time.monotonic() + 15
    while left := _session(running.pid):
        assert time.monotonic() < deadline, f"processes are left: {left}"
        time.sleep(0.05)
    return said


def _session(leader: int) -> list[str]:
    """Commands of the processes of a session that run."""
    running = []
    for process in psutil.process_iter(["pid", "status", "cmdline"]):
        try:
            if os.getsid(process.pid) == leader and process.info["status"] != psutil.STATUS_ZOMBIE:
                running.append(" ".join(process.info["cmdline"] or ()))
        except (ProcessLookupError, PermissionError):
            continue
    return running
