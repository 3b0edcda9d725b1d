"""Where a project lies and who signs in; secrets come from the environment and show in no text."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from medsynth_aug.errors import SettingError
from medsynth_supabase.project.naming import Names

_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """Where a project lies, who signs in, and how long to try.

    Args:
        url: Of the Supabase project, `https://<reference>.supabase.co`; plain http only to this machine.
        key: The project's API key: of the service role, or the public one beside `email` and `password`.
        project_key: 64 hexadecimal digits that names are made with; the same on every machine.
        project: Name of the project in its tables; None takes the one that `project_key` belongs to.
        email: Of a user who is a publisher of the project; None where the key itself may write.
        password: Of that user.
        timeout_s: Longest silence of the server, above 0.
        attempts: How often a request is tried before the project counts as unreachable, at least 1.
        pause_s: Longest pause before the second try, above 0; it doubles with each try; chance shortens it.
        longest_pause_s: Limit of the pauses, above 0; a server that names a pause (Retry-After) gets that
            one, up to ten times this limit.

    Raises:
        SettingError: If a value is missing or out of its range.
    """

    url: str
    key: str = field(repr=False)
    project_key: str = field(repr=False)
    project: str | None = None
    email: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    attempts: int = 6
    pause_s: float = 0.5
    longest_pause_s: float = 15.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingError(f"{self.url!r} is no address of a project; use https://REFERENCE.supabase.co")
        if parts.username or parts.password or parts.query:
            raise SettingError(
                "the project's address holds more than a host; give keys in their own variables"
            )
        if parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise SettingError(f"{self.url} would send the key unencrypted; use https://")
        if not self.key:
            raise SettingError("the project's API key is missing; set SUPABASE_KEY")
        if not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise SettingError(
                "the project's API key holds a space, a line break or a letter that no key has; copy "
                "SUPABASE_KEY anew from the project's settings, without anything round it"
            )
        if (self.email is None) != (self.password is None):
            raise SettingError("to sign in, both SUPABASE_EMAIL and SUPABASE_PASSWORD are needed")
        for name in ("timeout_s", "pause_s", "longest_pause_s"):
            if getattr(self, name) <= 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be above 0")
        if self.attempts < 1:
            raise SettingError(f"attempts is {self.attempts}; it must be at least 1")
        Names(self.project_key)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, *, project: str | None = None
    ) -> "SyncSettings":
        """The settings that the environment states.

        Args:
            project: As above.
            environment: SUPABASE_URL, SUPABASE_KEY, MEDSYNTH_PROJECT_KEY and, to sign in, SUPABASE_EMAIL and
                SUPABASE_PASSWORD; by default this process's.

        Raises:
            SettingError: If one is missing or is none.
        """
        found = os.environ if environment is None else environment
        needed = ("SUPABASE_URL", "SUPABASE_KEY", "MEDSYNTH_PROJECT_KEY")
        missing = [name for name in needed if not found.get(name)]
        if missing:
            raise SettingError(
                f"{', '.join(missing)} must be set in the environment; the first two are in the project's "
                "settings at Supabase, the last comes from `medsynth sync --new-key`"
            )
        return cls(
            url=found["SUPABASE_URL"].rstrip("/"), key=found["SUPABASE_KEY"],
            project_key=found["MEDSYNTH_PROJECT_KEY"], project=project,
            email=found.get("SUPABASE_EMAIL") or None, password=found.get("SUPABASE_PASSWORD") or None,
        )  # fmt: skip

    @property
    def host(self) -> str:
        """Host and port of the project."""
        return urlsplit(self.url).netloc

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must stand in no message."""
        return tuple(one for one in (self.key, self.project_key, self.password) if one)
