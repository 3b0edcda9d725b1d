"""What a project answers when it refuses, the same for rows, pixels and sign-ins, and our words for it."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpx

from medsynth_aug.errors import SyncAccessError, SyncConflictError, SyncError

CONFLICT, NO_CONSENT = "MS409", "MS403"
"""SQLSTATEs of the project's functions: other pixels under that name; a real sample without consent."""

_FORBIDDEN = ("42501", NO_CONSENT)


class Answer(Exception):
    """The project answered with an error.

    Args:
        status: HTTP's, or the one that storage puts into the body.
        code: Of the error, such as a SQLSTATE; "" if none is given.
        said: The message, for people.
        pause_s: How long the server asks to wait, or None.
    """

    def __init__(self, status: int, code: str, said: str, pause_s: float | None = None) -> None:
        super().__init__(f"{status} {code}: {said}")
        self.status, self.code, self.said, self.pause_s = status, code, said, pause_s

    @property
    def heals(self) -> bool:
        """Whether the same may succeed later."""
        return self.status in (408, 425, 429) or self.status >= 500

    @property
    def expired(self) -> bool:
        """Whether the token of the user is no longer valid."""
        return self.status == 401 or (
            self.status in (400, 403) and bool(re.search(r"jwt|\bexp\b|token", self.said, re.I))
        )

    def as_error(self, doing: str) -> SyncError:
        """The error that says what was being done, what the project answered, and the way out."""
        said = f"cannot {doing}: the project answers {self.status}"
        why = f" {self.code}" if self.code else ""
        if self.code == CONFLICT or self.status == 409:
            return SyncConflictError(f"{said}{why}: {self.said}; what it holds stays as it is")
        if self.code == NO_CONSENT:
            return SyncAccessError(
                f"{said}{why}: {self.said}; a person with the key of the service role records consents"
            )
        if self.status in (401, 403) or self.code in _FORBIDDEN:
            return SyncAccessError(
                f"{said}{why}: {self.said}; use a key or a user that may do this in that project"
            )
        return SyncError(f"{said}{why}: {self.said}")


def refuse_errors(response: httpx.Response) -> None:
    """Raise what an error says, before a client of one service reads only its own part of it.

    Raises:
        Answer: If the response is an error.
    """
    if not response.is_error:
        return
    response.read()
    body: Any = None
    with suppress(ValueError):
        body = response.json()
    body = body if isinstance(body, dict) else {}
    status = response.status_code
    if str(body.get("statusCode", "")).isdigit():  # storage answers most errors with 400 and says here which
        status = int(body["statusCode"])
    code = body.get("code") or body.get("error_code") or body.get("error") or ""
    said = body.get("message") or body.get("msg") or body.get("error_description") or response.reason_phrase
    raise Answer(status, str(code), str(said or "no reason given"), _pause_s(response))


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """A text without secrets, and without tokens of any kind."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return re.sub(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", "***", text)


def _pause_s(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, where it says so."""
    with suppress(ValueError):
        return max(0.0, float(response.headers.get("retry-after", "")))
    return None
