"""Files on a disk by digest that are there whole or not at all, also after a power cut."""

import os
import secrets
import time
from pathlib import Path
from typing import BinaryIO

from medsynth_aug.bank.failures import failures_named
from medsynth_aug.bank.store import SUFFIX, StoredFile

_ABANDONED_AFTER_S = 24 * 3600.0


class DigestFiles:
    """A folder of `ab/<name>.safetensors` files; names begin with a digest.

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

    def place(self, name: str) -> str:
        """Where the file of that name lies or would lie."""
        return str(self._path(name))

    def has(self, name: str) -> bool:
        """True if the file is there for good."""
        path = self._path(name)
        with failures_named(path):
            if not path.exists():
                return False
            _sync_folder(path.parent)  # its writer may not have come so far
        return True

    def write(self, name: str, data: bytes) -> None:
        """Write a file durably and in one step.

        Raises:
            BankFullError: If the disk is full; nothing is left behind.
            BankReadOnlyError: If the folder cannot be written.
        """
        target = self._path(name)
        aside = self._partial / f"{name[:64]}.{os.getpid()}.{secrets.token_hex(4)}"
        with failures_named(target):
            try:
                with aside.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                self._ensure(target.parent)
                aside.replace(target)
                _sync_folder(target.parent)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise

    def read(self, name: str) -> bytes | None:
        """Content of a file, or None if there is none."""
        path = self._path(name)
        with failures_named(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def open(self, name: str) -> BinaryIO | None:
        """A file opened to read parts of it, or None if there is none."""
        path = self._path(name)
        with failures_named(path):
            try:
                return path.open("rb", buffering=0)
            except FileNotFoundError:
                return None

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        path = self._path(name)
        with failures_named(path):
            path.unlink(missing_ok=True)

    def prefixes(self) -> list[str]:
        """The first two digits of the digests of all files, sorted."""
        with failures_named(self._folder):
            return sorted(path.name for path in self._folder.iterdir() if len(path.name) == 2)

    def files(self, prefix: str) -> list[StoredFile]:
        """The files whose names begin with two digits, sorted by name."""
        folder, found = self._folder / prefix, []
        with failures_named(folder):
            for entry in os.scandir(folder) if folder.is_dir() else ():
                if entry.name.endswith(SUFFIX):
                    found.append(StoredFile(entry.name.removesuffix(SUFFIX), entry.stat().st_size))
        return sorted(found, key=lambda file: file.name)

    def age_s(self, name: str) -> float:
        """Seconds since the file was written; 0 if there is none."""
        path = self._path(name)
        with failures_named(path):
            try:
                return time.time() - path.stat().st_mtime
            except FileNotFoundError:
                return 0.0

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}{SUFFIX}"

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
