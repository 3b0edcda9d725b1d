"""Tell whether a process runs, and whether somebody holds a lock."""

from pathlib import Path

import psutil
from filelock import FileLock, Timeout


def runs(pid: int, started: float | None = None) -> bool:
    """Whether a process runs and is no zombie.

    Args:
        pid: Its number.
        started: When it was started, in seconds since the epoch, so that it is not mistaken for a later one.
    """
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and started in (None, process.create_time())
    except psutil.Error:
        return False


def is_held(path: Path) -> bool:
    """Whether another process holds the lock of that file."""
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False
