"""What is frozen while an epoch lasts, for the readers in all processes: a small file an epoch."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from medsynth_aug.bank.failures import failures_named


class FrozenByEpoch:
    """A value that is worked out when an epoch first begins and stays as it is for that epoch.

    Args:
        folder: Where the files are; they go with it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: tuple[int, Any] = (-1, None)

    def freeze(self, epoch: int, value: Callable[[], Any]) -> None:
        """Work the value of an epoch out, unless that was done before.

        Args:
            epoch: The epoch, before its readers are told of it.
            value: Gives plain JSON.

        Raises:
            BankFullError: If the disk is full.
            BankReadOnlyError: If the folder cannot be written.
        """
        path = self._path(epoch)
        with failures_named(path):
            if not path.exists():
                aside = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
                aside.write_text(json.dumps(value()), encoding="utf-8")
                aside.replace(path)

    def at(self, epoch: int) -> Any:
        """The value of an epoch that was frozen."""
        if self._known[0] != epoch:
            path = self._path(epoch)
            with failures_named(path):
                self._known = (epoch, json.loads(path.read_text(encoding="utf-8")))
        return self._known[1]

    def _path(self, epoch: int) -> Path:
        return self._folder / f"frozen-{epoch}.json"
