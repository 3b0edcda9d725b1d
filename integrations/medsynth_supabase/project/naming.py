"""Names under which a project knows samples: keyed, so that nobody without the key can tell what they are."""

import hashlib
import hmac
import secrets

from medsynth_aug.errors import SettingError

KEY_BYTES = 32
"""Length of a project's key."""


class Names:
    """The names that a project's key gives; the key itself shows in no text of the object.

    Args:
        key: 64 hexadecimal digits, as `new_key` makes them; the same on every machine of the project.

    Raises:
        SettingError: If the key is none.
    """

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        try:
            self._key = bytes.fromhex(key.strip())
        except ValueError:
            self._key = b""
        if len(self._key) != KEY_BYTES:
            raise SettingError(
                "the project's key is not 64 hexadecimal digits; make one with `medsynth sync --new-key` and "
                "set it as MEDSYNTH_PROJECT_KEY on every machine of the project"
            )

    def __repr__(self) -> str:
        return "Names(***)"

    def sample(self, digest: str) -> str:
        """The name of a sample, 64 hexadecimal digits.

        Args:
            digest: Of its request.
        """
        return self._named("sample", digest)

    def pixels(self, file_digest: str) -> str:
        """The name of stored pixels, 64 hexadecimal digits, which says what a review saw.

        Args:
            file_digest: SHA-256 of the bank's file.
        """
        return self._named("pixels", file_digest)

    def event(self, number: int, text: str) -> str:
        """The fingerprint of an event of a bank, 64 hexadecimal digits.

        Args:
            number: Of the event.
            text: All that is known of it.
        """
        return self._named("event", f"{number}:{text}")

    def check(self, project: str) -> str:
        """What a project keeps so that another key is noticed, 64 hexadecimal digits.

        Args:
            project: Id of the project.
        """
        return self._named("project", project)

    def _named(self, kind: str, subject: str) -> str:
        """HMAC-SHA256, RFC 2104."""
        return hmac.new(self._key, f"{kind}:{subject}".encode(), hashlib.sha256).hexdigest()


def new_key() -> str:
    """A fresh key for a project, 64 hexadecimal digits from the system's source of chance."""
    return secrets.token_hex(KEY_BYTES)
