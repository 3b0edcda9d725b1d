"""Who writes to the disk: Python's audit events say it, whatever the path and whoever opened it."""

import os
import sys
from collections.abc import Callable
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
)


def written_during(act: Callable[[], object]) -> tuple[str, ...]:
    """Files that were opened for writing, and folders and links that were changed, each once.

    What a library written in another language opens by itself is not seen. The hook stays for as long as the
    process lives, so this belongs in a process of its own.
    """
    seen: dict[str, None] = {}

    def watch(event: str, given: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(given[0], str | bytes | os.PathLike) and given[2] & _WRITES
        if opened or event in _CHANGES:
            path = os.fsdecode(given[0])
            if not path.startswith("/dev/"):
                seen[path] = None

    sys.addaudithook(watch)
    act()
    return tuple(seen)
