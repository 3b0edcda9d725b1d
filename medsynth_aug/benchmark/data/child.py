"""Start one of the benchmark's scripts in a process of its own, without loading the rest of the benchmark."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from medsynth_aug.errors import MedsynthError


def start(
    script: str, *arguments: object, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """A process that runs a script of this folder; what it prints and reads goes through pipes.

    Args:
        script: Name of the file.
        arguments: For the script.
        environment: Variables to set besides those of this process.
    """
    path = os.pathsep.join(place for place in sys.path if place)
    return subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name(script)), *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path, **(environment or {})},
    )  # fmt: skip


def told(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints.

    Raises:
        MedsynthError: If it ended instead.
    """
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise MedsynthError(
            f"a process of the benchmark ended with exit code {process.returncode}; what it said stands above"
        )
    return line.strip()


def tell(process: subprocess.Popen[str], line: str) -> None:
    """Give a process a line to read."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def end(process: subprocess.Popen[str]) -> None:
    """Close the pipes of a process and end it, if it has not ended."""
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
