"""Talking to a project: sign in, try again what can heal, and say in our words what cannot."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpx
import numpy as np
from supabase import Client
from supabase.lib.client_options import SyncClientOptions
from supabase_auth.errors import AuthRetryableError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from medsynth_aug.errors import SyncAccessError, SyncUnreachableError
from medsynth_supabase.project.answers import Answer, refuse_errors, scrubbed
from medsynth_supabase.project.naming import Names
from medsynth_supabase.project.settings import SyncSettings

BUCKET = "medsynth"
"""Where the pixels lie."""

FRESH_S = 60.0
"""For how long a token must be valid at least to be a fresh one; half its time where it lasts shortly."""

LONGEST_NAMED = 10
"""How many times `longest_pause_s` a server may ask to wait."""

Result = TypeVar("Result")


class Remote:
    """A Supabase project through its own client; several threads may use one.

    Args:
        settings: Where it lies and who signs in. Nothing is sent before the first call.
    """

    def __init__(self, settings: SyncSettings) -> None:
        self.settings, self.names = settings, Names(settings.project_key)
        self._http = httpx.Client(timeout=settings.timeout_s, event_hooks={"response": [refuse_errors]})
        self._chance = np.random.default_rng()
        self._turn, self._user, self._client = threading.Lock(), "", self._anew()
        self._signed, self._fresh_until_s = 0, 0.0

    def __repr__(self) -> str:
        return f"Remote({self.settings.host!r})"

    @property
    def user(self) -> str | None:
        """Id of the user who is signed in; None where the key itself is used."""
        return self._user or None

    @property
    def token(self) -> str:
        """What authorises a request now: the user's token, else the key."""
        bearer = str(self._client.options.headers["Authorization"])
        return bearer.removeprefix("Bearer ")

    def rows(self, doing: str, ask: Callable[[Client], Any]) -> Any:
        """The data that a query gives.

        Args:
            doing: What is being done, for messages, such as "read the reviews".
            ask: Builds the query, which may be sent several times: it must do the same then.

        Raises:
            SyncError: One of its kinds; `Answer` is its cause where the project answered.
        """
        return self.call(doing, lambda: ask(self._client).execute().data)

    def pages(self, doing: str, ask: Callable[[Client], Any], size: int = 1000) -> list[Any]:
        """All rows of a query that has an order, a page at a time.

        Args:
            doing: What is being done, for messages.
            ask: Builds the query.
            size: Rows a page; a project gives at most a thousand unless it is set otherwise.

        Raises:
            SyncError: One of its kinds.
        """
        found: list[Any] = []
        while True:
            part = self.rows(doing, partial(_part, ask, len(found), size))
            found += part
            if not part:
                return found

    def stored(self, doing: str, act: Callable[[Any], Result]) -> Result:
        """What an action on the bucket gives.

        Raises:
            SyncError: One of its kinds; `Answer` is its cause where the project answered.
        """
        return self.call(doing, lambda: act(self._client.storage.from_(BUCKET)))

    def call(self, doing: str, act: Callable[[], Result]) -> Result:
        """What an action gives; it is tried again with growing pauses where that can help.

        Raises:
            SyncUnreachableError: If the project did not answer, or answered that it cannot now, each time.
            SyncAccessError: If it does not accept the key or the user, or may not do this for them.
            SyncConflictError: If it holds something else.
            SyncError: If it refuses for another reason.
        """
        tries, renewed = self.settings.attempts, [False]
        again = Retrying(
            stop=stop_after_attempt(tries), wait=self._pause, retry=retry_if_exception_type(_TryAgain),
            reraise=True,
        )  # fmt: skip
        try:
            return again(self._try, act, renewed)
        except _TryAgain as problem:
            raise SyncUnreachableError(
                f"cannot {doing}: {problem}, at each of {tries} tries; nothing is lost: run the same again "
                "when the network and the project are well, and it goes on"
            ) from None
        except Answer as problem:
            problem.said = scrubbed(problem.said, self.settings.secrets)
            raise problem.as_error(doing) from problem

    def sign_in(self) -> None:
        """Sign in now, where there is a user; else nothing.

        Raises:
            SyncError: One of its kinds.
        """
        self.call("sign in", lambda: None)

    def fresh_token(self) -> str:
        """What authorises requests for a while: the user's token, renewed before it expires, else the key.

        Raises:
            SyncError: One of its kinds.
        """
        if self._user and time.monotonic() >= self._fresh_until_s:
            self._forget(self._signed)
        self.sign_in()
        return self.token

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _try(self, act: Callable[[], Result], renewed: list[bool]) -> Result:
        signed = self._signed
        try:
            signed = self._signed_in()
            return act()
        except (httpx.TransportError, httpx.DecodingError) as problem:
            raise _TryAgain(f"the connection failed ({type(problem).__name__})") from None
        except Answer as problem:
            if problem.heals:
                raise _TryAgain(f"the project answers {problem.status}", problem.pause_s) from None
            if signed and problem.expired and not renewed[0]:
                renewed[0] = True
                self._forget(signed)
                raise _TryAgain("the project does not accept the user's token", 0.0) from None
            raise

    def _signed_in(self) -> int:
        """Sign the user in if need be; the number of the sign-in, 0 without a user."""
        settings = self.settings
        if settings.email is None:
            return 0
        with self._turn:
            if not self._user:
                client, given = self._anew(), {"email": settings.email, "password": settings.password}
                try:
                    signed = client.auth.sign_in_with_password(given)  # type: ignore[arg-type]
                except Answer as problem:
                    if problem.heals:
                        raise
                    raise SyncAccessError(
                        f"{settings.host} does not sign {settings.email} in ({problem.status}); check "
                        "SUPABASE_EMAIL, SUPABASE_PASSWORD and SUPABASE_KEY"
                    ) from None
                except AuthRetryableError as problem:
                    raise _TryAgain(f"the connection failed ({type(problem.__context__).__name__})") from None
                assert signed.user is not None and signed.session is not None
                self._client, self._user, self._signed = client, signed.user.id, self._signed + 1
                lasts_s = signed.session.expires_in
                self._fresh_until_s = time.monotonic() + max(lasts_s - FRESH_S, lasts_s / 2)
            return self._signed

    def _forget(self, signed: int) -> None:
        """Have the user signed in anew, unless another thread has done so."""
        with self._turn:
            if signed == self._signed:
                self._user = ""

    def _anew(self) -> Client:
        options = SyncClientOptions(
            auto_refresh_token=False, persist_session=False, httpx_client=self._http,
            postgrest_client_retry=False,
        )  # fmt: skip
        return Client(self.settings.url, self.settings.key, options)

    def _pause(self, state: RetryCallState) -> float:
        """Seconds before the next try: as the server asks, else exponential with full jitter.

        Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
        """
        problem = state.outcome.exception() if state.outcome is not None else None
        longest = self.settings.longest_pause_s
        if isinstance(problem, _TryAgain) and problem.pause_s is not None:
            return min(problem.pause_s, LONGEST_NAMED * longest)
        grown = self.settings.pause_s * 2.0 ** (state.attempt_number - 1)
        return float(self._chance.uniform(0, min(longest, grown)))


def _part(ask: Callable[[Client], Any], start: int, size: int, client: Client) -> Any:
    return ask(client).range(start, start + size - 1)


class _TryAgain(Exception):
    """What happened can heal.

    Args:
        why: For people.
        pause_s: How long the server asks to wait, or None.
    """

    def __init__(self, why: str, pause_s: float | None = None) -> None:
        super().__init__(why)
        self.pause_s = pause_s
