"""A repository of a loopback Hub: its commits, branches, tags, pull requests and large files."""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

Files = dict[str, bytes]


class Refused(Exception):
    """An answer other than 200.

    Args:
        status: HTTP status.
        code: What the Hub sends as X-Error-Code.
        message: What it sends as X-Error-Message.
    """

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Repository:
    """One repository: commits by their id, and names that point to them."""

    private: bool
    commits: dict[str, Files] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pull_requests: dict[str, str] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: Files, message: str = "") -> str:
        """Store files as a commit that nothing points to yet; its id."""
        sha = secrets.token_hex(20)
        self.commits[sha] = dict(files)
        self.messages.append(message)
        return sha

    def resolve(self, revision: str) -> str:
        """The commit of a branch, tag, pull request or id."""
        for names in (self.branches, self.tags, self.pull_requests):
            if revision in names:
                return names[revision]
        if revision in self.commits:
            return revision
        raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def files(self, revision: str = "main") -> Files:
        """Path -> content at a revision."""
        return self.commits[self.resolve(revision)]


def blob_id(content: bytes) -> str:
    """Git's SHA-1 of a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def is_large(path: str) -> bool:
    """Whether a file goes through the large-file store."""
    return path.endswith((".parquet", ".safetensors", ".png", ".bin"))


def entry(path: str, content: bytes) -> dict[str, Any]:
    """A file as the tree shows it."""
    shown: dict[str, Any] = {"type": "file", "oid": blob_id(content), "size": len(content), "path": path}
    if is_large(path):
        shown["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
    return shown


def tree(files: Files, under: str, recursive: bool) -> list[dict[str, Any]]:
    """Files and folders below a folder.

    Raises:
        Refused: If there is none.
    """
    start = f"{under}/" if under else ""
    inside = {path: content for path, content in files.items() if path.startswith(start)}
    if under and not inside:
        raise Refused(404, "EntryNotFound", f"{under} does not exist")
    folders = set[str]()
    for path in inside:
        parts = path.removeprefix(start).split("/")[:-1]
        folders |= {start + "/".join(parts[: depth + 1]) for depth in range(len(parts))}
    shown = [
        {"type": "directory", "oid": blob_id(one.encode()), "size": 0, "path": one} for one in sorted(folders)
    ]
    shown += [entry(path, content) for path, content in sorted(inside.items())]
    return shown if recursive else [one for one in shown if "/" not in str(one["path"]).removeprefix(start)]
