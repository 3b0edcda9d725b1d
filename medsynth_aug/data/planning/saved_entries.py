"""What was found out about items, saved in part files that are there whole or not at all."""

import json
from pathlib import Path
from typing import Any

from medsynth_aug.bank.failures import failures_named
from medsynth_aug.data.items.label_pass import write_whole
from medsynth_aug.synthesis.digest import digest_json

PART = 1024
"""Entries of one part file: what a killed process may have to find out again."""


class SavedEntries:
    """Entries by the index of their item; several processes may save into one folder.

    A part that cannot be understood is as good as absent: its items are looked at again.

    Args:
        folder: Where the parts lie; None saves nothing.

    Raises:
        BankError: If the folder cannot be read.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[int, Any] = {}
        self._new: list[tuple[int, Any]] = []
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.json")):
                self._take(path)

    def __contains__(self, index: int) -> bool:
        return index in self._known

    def __getitem__(self, index: int) -> Any:
        return self._known[index]

    def get(self, index: int) -> Any:
        """The entry of an item, or None."""
        return self._known.get(index)

    def add(self, index: int, entry: Any) -> None:
        """Hold an entry, plain JSON; it is saved once a part is full, or with `save`."""
        self._known[index] = entry
        if self._folder is not None:
            self._new.append((index, entry))
            if len(self._new) >= PART:
                self.save()

    def save(self) -> None:
        """Write down what is not saved yet.

        Raises:
            BankFullError: If the disk is full.
            BankReadOnlyError: If the folder cannot be written.
        """
        if self._folder is not None and self._new:
            write_whole(self._folder / f"{digest_json(self._new)[:32]}.json", json.dumps(self._new))
            self._new = []

    def forget(self) -> None:
        """Remove all entries, the saved ones too."""
        self._known, self._new = {}, []
        if self._folder is not None and self._folder.is_dir():
            with failures_named(self._folder):
                for path in self._folder.glob("*.json"):
                    path.unlink(missing_ok=True)

    def _take(self, path: Path) -> None:
        with failures_named(path):
            text = path.read_text(encoding="utf-8", errors="replace")
        try:
            self._known.update({int(index): entry for index, entry in json.loads(text)})
        except (ValueError, TypeError):
            return
