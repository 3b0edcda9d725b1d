"""Hear of new reviews at once: a realtime subscription in a thread, joined again after each cut."""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from realtime import RealtimePostgresChangesListenEvent as Change
from supabase import AsyncClientOptions, acreate_client

LOG = logging.getLogger("medsynth.sync")

_REQUESTS = logging.getLogger("websockets.client")

logging.getLogger("realtime").addHandler(logging.NullHandler())  # a cut is told once, by the status

TABLES = ("reviews", "revocations")
"""What is listened to."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Pauses between two tries to connect; they double, and chance shortens them."""

STEADY_AFTER_S = 10.0
"""A connection that lasted this long was a good one: the pauses begin anew after it."""

TOKEN_EVERY_S = 10.0
"""How often the access token is asked for, so that a fresh one reaches the subscription in time."""

JOINED_WITHIN_S = 15.0
"""How long a server may take to accept a subscription."""


class Listener:
    """Calls back when a review or a revocation of a project is written; use it as a context manager.

    What is missed while the connection is cut is not told: `heard` is called after each join as well, so that
    the caller looks.

    Args:
        url: Of the Supabase project.
        key: Its API key.
        project: Id of the project.
        token: Gives the access token of whoever is signed in, the key if nobody is; called in another thread.
        heard: Called in the listener's thread; it must return at once.
    """

    def __init__(
        self, *, url: str, key: str, project: str, token: Callable[[], str], heard: Callable[[], None]
    ) -> None:
        self._url, self._key, self._project = url, key, project
        self._token, self._heard = token, heard
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="medsynth-realtime", daemon=True
        )
        self._joined, self._started = threading.Event(), threading.Event()

    @property
    def is_joined(self) -> bool:
        """Whether the subscription stands."""
        return self._joined.is_set()

    def __enter__(self) -> "Listener":
        _REQUESTS.addFilter(self._hide_key)
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(JOINED_WITHIN_S)
        _REQUESTS.removeFilter(self._hide_key)

    def _hide_key(self, record: logging.LogRecord) -> bool:
        """Take the key out of a message: the address of a realtime server holds it."""
        record.msg, record.args = record.getMessage().replace(self._key, "***"), ()
        return True

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started.set()
        await self._listen(self._ended)

    async def _listen(self, ended: asyncio.Event) -> None:
        """Connect until told to end; after a cut the pauses double until a connection lasts."""
        pause_s, chance = SHORTEST_PAUSE_S, secrets.SystemRandom()
        while not ended.is_set():
            began = time.monotonic()
            try:
                await self._until_cut(ended)
            except Exception as problem:  # whatever a client raises, listening goes on
                LOG.info(
                    "realtime is not there (%s); reviews are asked for meanwhile", type(problem).__name__
                )
            self._joined.clear()
            if time.monotonic() - began > STEADY_AFTER_S:
                pause_s = SHORTEST_PAUSE_S
            if not ended.is_set():
                await _first(ended, pause_s * chance.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _until_cut(self, ended: asyncio.Event) -> None:
        """One connection, from its join to its cut or to the end; its errors are the caller's."""
        token = await asyncio.to_thread(self._token)
        options = AsyncClientOptions(
            auto_refresh_token=False, persist_session=False,
            realtime={"auto_reconnect": False, "max_retries": 1},
        )  # fmt: skip
        client = await acreate_client(self._url, self._key, options)
        cut = asyncio.Event()
        try:
            await client.realtime.set_auth(token)
            channel = client.channel(f"medsynth-{self._project}")
            for table in TABLES:
                channel.on_postgres_changes(
                    Change.Insert, self._on_change, table=table, schema="public",
                    filter=f"project=eq.{self._project}",
                )  # fmt: skip
            await asyncio.wait_for(
                channel.subscribe(lambda state, _: self._on_state(state, cut)), JOINED_WITHIN_S
            )
            while not (ended.is_set() or cut.is_set()):
                await _first(ended, TOKEN_EVERY_S, cut)
                fresh = await asyncio.to_thread(self._token)
                if fresh != token and not cut.is_set():
                    token = fresh
                    await client.realtime.set_auth(token)
        finally:
            await asyncio.wait_for(client.realtime.close(), JOINED_WITHIN_S)

    def _on_change(self, _: Any) -> None:
        self._heard()

    def _on_state(self, state: Any, cut: asyncio.Event) -> None:
        if cut.is_set():
            return  # a connection that is given up already
        if state == "SUBSCRIBED":
            self._joined.set()
            self._heard()
        else:
            self._joined.clear()
            cut.set()


async def _first(ended: asyncio.Event, timeout_s: float, *others: asyncio.Event) -> None:
    """Wait until one of the events is set, or for `timeout_s`."""
    tasks = [asyncio.ensure_future(event.wait()) for event in (ended, *others)]
    await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
