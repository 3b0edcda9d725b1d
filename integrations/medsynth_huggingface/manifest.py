"""What a revision holds, with checksums, and what changed from one revision to the next."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from medsynth_aug.errors import PublishError
from medsynth_huggingface import croissant

FILE = "manifest.json"
SCHEMA = 1

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One revision as the changelog has it.

    Args:
        tag: Its name.
        date: Day, as ISO 8601.
        added: Number of images that are new.
        withdrawn: Ids of the images that are gone.
        note: One line, or "".
    """

    tag: str
    date: str
    added: int
    withdrawn: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        parts = [f"{self.added} {'image' if self.added == 1 else 'images'} added"] if self.added else []
        if self.withdrawn:
            named = ", ".join(one[:12] for one in self.withdrawn)
            parts.append(f"{len(self.withdrawn)} withdrawn ({named})")
        return f"{self.tag} ({self.date}): {', '.join(parts) or 'no image changed'}" + (
            f"; {self.note}" if self.note else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a revision holds.

    Args:
        classes: Names of the classes, in the order of their numbers; later revisions only add to them.
        images: Id of an image -> SHA-256 of its pixels.
        files: Path of a table, of croissant.json and of NOTICE.md -> SHA-256 of its bytes. The card, which
            the Hub may change, is not among them.
        about: SHA-256 of what the card says, the changelog aside.
        changes: Every revision, the oldest first.
    """

    classes: tuple[str, ...]
    images: Mapping[str, str]
    files: Mapping[str, str]
    about: str
    changes: tuple[Change, ...]

    @property
    def tag(self) -> str:
        """Name of this revision."""
        return self.changes[-1].tag

    def holds_the_same_as(self, other: "Manifest") -> bool:
        """True if a revision with this manifest would say nothing new.

        croissant.json is looked past: it bears the day, and follows from the card and the tables otherwise.
        """
        mine, theirs = ((m.classes, dict(m.images), _undated(m.files), m.about) for m in (self, other))
        return mine == theirs

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable data; `from_json` gives an equal manifest back."""
        return {
            "schema": SCHEMA,
            "classes": list(self.classes),
            "images": dict(sorted(self.images.items())),
            "files": dict(sorted(self.files.items())),
            "about": self.about,
            "changes": [{**asdict(one), "withdrawn": list(one.withdrawn)} for one in self.changes],
        }

    @classmethod
    def from_bytes(cls, content: bytes) -> "Manifest":
        """The manifest of a file.

        Raises:
            PublishError: If it is no manifest, or was written in another schema.
        """
        try:
            data = json.loads(content)
        except ValueError as problem:
            raise _damaged(f"it is no JSON ({problem})") from None
        return cls.from_json(data)

    @classmethod
    def from_json(cls, data: Any) -> "Manifest":
        """The manifest that `to_json` wrote.

        Raises:
            PublishError: If it is no manifest, or was written in another schema.
        """
        if not isinstance(data, dict):
            raise _damaged("it is no JSON object")
        if data.get("schema") != SCHEMA:
            raise PublishError(
                f"{FILE} of the repository has schema {data.get('schema')}, this program reads {SCHEMA}; "
                "publish with the version that wrote it, or to another repository"
            )
        changes = _part(data, "changes", list)
        if not changes:
            raise _damaged("changes is empty")
        return cls(
            classes=_texts(data, "classes"), images=_digests(data, "images"), files=_digests(data, "files"),
            about=_part(data, "about", str), changes=tuple(_change(one) for one in changes),
        )  # fmt: skip


def _undated(files: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if name != croissant.FILE}


def _damaged(what: str) -> PublishError:
    return PublishError(
        f"{FILE} of the repository is damaged: {what}; restore it there from the last tag that is whole, or "
        "publish to another repository"
    )


def _part(data: Mapping[str, Any], name: str, kind: type[_Kind]) -> _Kind:
    value = data.get(name)
    if not isinstance(value, kind):
        raise _damaged(f"{name} is missing or no {kind.__name__}")
    return value


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = _part(data, name, list)
    if not all(isinstance(one, str) for one in values):
        raise _damaged(f"{name} holds what is no text")
    return tuple(values)


def _digests(data: Mapping[str, Any], name: str) -> dict[str, str]:
    values = _part(data, name, dict)
    if not all(isinstance(one, str) for one in values.values()):
        raise _damaged(f"{name} holds what is no text")
    return values


def _change(data: Any) -> Change:
    if not isinstance(data, dict):
        raise _damaged("changes holds what is no JSON object")
    return Change(
        tag=_part(data, "tag", str), date=_part(data, "date", str), added=_part(data, "added", int),
        withdrawn=_texts(data, "withdrawn"), note=_part(data, "note", str),
    )  # fmt: skip


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def change_since(
    previous: Manifest | None, images: Mapping[str, str], *, tag: str | None, date: str, note: str
) -> Change:
    """What is new in a revision that holds `images`.

    Args:
        previous: The revision before; None for the first.
        images: Id -> SHA-256 of pixels.
        tag: Its name; the next number if None.
        date: Day, as ISO 8601.
        note: One line, or "".
    """
    before = previous.images if previous else {}
    number = len(previous.changes) + 1 if previous else 1
    return Change(
        tag=tag or f"v{number}",
        date=date,
        added=len(images.keys() - before.keys()),
        withdrawn=tuple(sorted(before.keys() - images.keys())),
        note=note,
    )


def merged_classes(previous: Manifest | None, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The classes of a new revision: those of the one before keep their numbers, new ones come last."""
    before = previous.classes if previous else ()
    return (*before, *(one for one in classes if one not in before))
