"""What every place for a bank's files can do: keep bytes under a name, whole or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

SUFFIX = ".safetensors"
"""How the names of a bank's files end on disk."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a store.

    Args:
        name: As it was written, without folder and suffix.
        size: Bytes.
    """

    name: str
    size: int


class FileStore(Protocol):
    """A place for files whose names begin with a digest."""

    def place(self, name: str) -> str:
        """Path or URL of a file, for messages and for people."""
        ...

    def has(self, name: str) -> bool:
        """True if the file is there for good."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Write a file durably and in one step; one that is there is replaced."""
        ...

    def read(self, name: str) -> bytes | None:
        """Content of a file, or None if there is none."""
        ...

    def open(self, name: str) -> BinaryIO | None:
        """A file opened to read parts of it, or None if there is none; the caller closes it."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        ...

    def prefixes(self) -> list[str]:
        """The first two digits of the digests of all files, each once, sorted."""
        ...

    def files(self, prefix: str) -> list[StoredFile]:
        """The files whose names begin with two digits, sorted by name."""
        ...

    def age_s(self, name: str) -> float:
        """Seconds since the file was written; 0 where that is not known, or no file there."""
        ...


def every_file(store: FileStore) -> Iterator[StoredFile]:
    """All files of a store, sorted by name, a few thousand in memory at a time."""
    for prefix in store.prefixes():
        yield from store.files(prefix)
