"""The pixels of samples as PNG objects of a project's bucket."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from medsynth_aug.errors import SyncConflictError
from medsynth_supabase.project.png import PNG, same_pixels
from medsynth_supabase.project.remote import Remote

AT_ONCE = 100
"""Objects that are removed, and names that are listed, in one request."""

ORPHANED_AFTER = timedelta(hours=1)
"""How old an object must be before it is nobody's: its row comes after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the objects of a sample lie, under names that are used once.

    A name holds who sent the object under which event. So a request that arrives late, or twice, can neither
    replace nor remove an object that was sent after it.

    Args:
        folder: The sample's.
        origin: Id of the bank that sends them.
        event: Number under which they are sent.
    """

    folder: str
    origin: str
    event: int

    @property
    def image(self) -> str:
        """Path of the image."""
        return f"{self.folder}/image{self._tag}.png"

    def mask(self, number: int) -> str:
        """Path of the mask of a finding, counted from 0."""
        return f"{self.folder}/mask-{number}{self._tag}.png"

    def is_own(self, path: str) -> bool:
        """Whether the same bank sent an object, under whichever event."""
        return f"-{self.origin[:8]}-" in path.rpartition("/")[2]

    @property
    def _tag(self) -> str:
        return f"-{self.origin[:8]}-{self.event}"


class Objects:
    """The objects of one project.

    Args:
        remote: The Supabase project.
        project: Id of the project in its tables.
    """

    def __init__(self, remote: Remote, project: str) -> None:
        self._remote, self._project = remote, project

    def folder(self, name: str, *, real: bool = False) -> str:
        """The folder of a sample.

        Args:
            name: Of the sample.
            real: Whether it derives from a real image.
        """
        return f"{self._project}/real/{name}" if real else f"{self._project}/{name}"

    def put(self, path: str, data: bytes) -> str:
        """Store an object once; returns the SHA-256 of what is stored.

        Args:
            path: Its path, which names these pixels and no others.
            data: A PNG.

        Raises:
            SyncConflictError: If other pixels are stored there.
            SyncError: If the project cannot be reached or refuses; its kinds.
        """
        options: Any = {"content-type": PNG, "upsert": "false", "cache-control": "3600"}
        try:
            self._remote.stored("upload an image", lambda bucket: bucket.upload(path, data, options))
        except SyncConflictError:
            held = self._remote.stored("compare an image", lambda bucket: bucket.download(path))
            if held != data and not same_pixels(held, data):
                raise SyncConflictError(
                    f"{path} holds other pixels than this bank has; was the bank restored from a copy?"
                ) from None
            data = held
        return hashlib.sha256(data).hexdigest()

    def paths(self, folder: str) -> list[str]:
        """Paths of the objects of a folder, not of those in folders below."""
        return [f"{folder}/{one['name']}" for one in self._entries(folder) if one["id"] is not None]

    def remove(self, paths: Sequence[str]) -> None:
        """Remove objects; those that are not there are no error."""
        for start in range(0, len(paths), AT_ONCE):
            part = list(paths[start : start + AT_ONCE])
            self._remote.stored("remove images", partial(_remove, part))

    def orphans(self, named: Callable[[], Collection[str]], older_than: timedelta) -> list[str]:
        """Paths of the project's objects that nothing names and that are too old to be on their way.

        Args:
            named: Gives what the rows name; asked after the objects were listed.
            older_than: How old.
        """
        latest = datetime.now(UTC) - older_than
        old = [
            f"{folder}/{one['name']}"
            for above in (self._project, f"{self._project}/real")
            for folder in self._folders(above)
            for one in self._entries(folder)
            if datetime.fromisoformat(one["created_at"]) <= latest
        ]
        kept = named()
        return [path for path in old if path not in kept]

    def _folders(self, above: str) -> list[str]:
        return [
            f"{above}/{one['name']}"
            for one in self._entries(above)
            if one["id"] is None and one["name"] != "real"
        ]

    def _entries(self, folder: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            options = {"limit": AT_ONCE, "offset": len(found)}
            part = self._remote.stored("list the images", partial(_listed, folder, options))
            found += part
            if len(part) < AT_ONCE:
                return found


def _remove(paths: list[str], bucket: Any) -> Any:
    return bucket.remove(paths)


def _listed(folder: str, options: dict[str, Any], bucket: Any) -> Any:
    return bucket.list(folder, options)
