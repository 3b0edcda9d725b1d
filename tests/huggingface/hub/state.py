"""The state of a loopback Hub: repositories, large files, faults that tests ask for, and who may what."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.huggingface.hub.repository import Files, Repository

WRITER, READER = "hf_writer0123456789abcdefghij", "hf_reader0123456789abcdefghij"


@dataclass
class Fault:
    """Something that goes wrong.

    Args:
        method: HTTP method.
        path: Pattern of the path.
        status: Answered instead; 0 cuts the connection in the middle of the upload.
        times: How often.
    """

    method: str
    path: str
    status: int
    times: int = 1


@dataclass
class Hub:
    """The state of a loopback Hub; tests look into it and change it."""

    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    on_commit: Callable[[Files], None] | None = None
    on_upload: Callable[[], None] | None = None
    url: str = ""

    def repository(self, name: str, kind: str = "dataset") -> Repository:
        return self.repositories[kind, name]

    def count(self, pattern: str) -> int:
        """How many requests so far match, as "METHOD /path"."""
        return sum(re.match(pattern, one) is not None for one in self.requests)

    def forget(self) -> None:
        """Begin anew, so that tests do not see each other."""
        for held in (self.repositories, self.blobs, self.faults, self.requests):
            held.clear()
        self.on_commit = self.on_upload = None
