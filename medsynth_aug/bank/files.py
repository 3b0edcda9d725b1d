"""Files by digest that are there whole or not at all, also after a power cut."""

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from medsynth_aug.bank.failures import failures_named

_ABANDONED_AFTER_S = 24 * 3600.0


class DigestFiles:
    """A folder of `ab/<digest>.safetensors` files.

    Args:
        folder: Where they lie; created if absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder / "partial"
        self._durable: set[Path] = set()
        with failures_named(folder):
            self._partial.mkdir(parents=True, exist_ok=True)
            _sweep(self._partial)

    def path(self, digest: str) -> Path:
        """Where the file of a digest lies or would lie."""
        return self._folder / digest[:2] / f"{digest}.safetensors"

    def write_aside(self, digest: str, data: bytes) -> Path:
        """Write `data` durably beside its place, where nobody looks; returns that file.

        Raises:
            BankFullError: If the disk is full; nothing is left behind.
            BankReadOnlyError: If the folder cannot be written.
        """
        aside = self._partial / f"{digest}.{os.getpid()}.{secrets.token_hex(4)}"
        with failures_named(self.path(digest)):
            try:
                with aside.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
        return aside

    def publish(self, aside: Path, digest: str) -> None:
        """Move a file that was written aside to its place, durably and in one step."""
        target = self.path(digest)
        with failures_named(target):
            self._ensure(target.parent)
            aside.replace(target)
            _sync_folder(target.parent)

    def write(self, digest: str, data: bytes) -> None:
        """Write a file whose content is decided by its digest, unless it is there."""
        if self.path(digest).exists():
            with failures_named(self.path(digest)):
                return _sync_folder(self.path(digest).parent)  # its writer may not have come so far
        aside = self.write_aside(digest, data)
        try:
            self.publish(aside, digest)
        finally:
            aside.unlink(missing_ok=True)

    def read(self, digest: str) -> bytes | None:
        """Content of a file, or None if there is none."""
        path = self.path(digest)
        with failures_named(path):
            return path.read_bytes() if path.exists() else None

    def digests(self) -> Iterator[str]:
        """Digests of all files, sorted."""
        return (path.stem for path in sorted(self._folder.glob("??/*.safetensors")))

    def _ensure(self, folder: Path) -> None:
        if folder not in self._durable:
            folder.mkdir(exist_ok=True)
            _sync_folder(folder.parent)
            self._durable.add(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what killed writers left behind."""
    for path in folder.iterdir():
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
                path.unlink()
        except FileNotFoundError:
            continue  # its writer, or another reader, was quicker
