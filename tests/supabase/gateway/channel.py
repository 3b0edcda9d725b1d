"""A topic that a client has joined over its websocket."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.supabase.gateway.subscription import Subscription
from tests.supabase.gateway.tokens import claims_of


async def send(socket: web.WebSocketResponse, **frame: Any) -> None:
    """One frame; a socket that is gone loses it."""
    with suppress(ConnectionError):
        await socket.send_str(json.dumps(frame))


@dataclass(eq=False)
class Channel:
    """Who listens to a topic, and to what.

    Args:
        socket: Carries its frames.
        topic: With its prefix "realtime:".
        join_ref: Of the join; frames of the channel bear it.
        claims: Of whoever joined.
        subscriptions: The changes that were asked for.
        echo: True if the client's own broadcasts come back to it.
    """

    socket: web.WebSocketResponse
    topic: str
    join_ref: str | None
    claims: Mapping[str, Any]
    subscriptions: list[Subscription]
    echo: bool
    _ends: "asyncio.Task[None] | None" = None

    async def send(self, event: str, payload: Any, ref: str | None = None) -> None:
        """One frame of this channel."""
        await send(
            self.socket, topic=self.topic, event=event, payload=payload, ref=ref, join_ref=self.join_ref
        )

    async def reply(self, ref: str | None, response: Any, status: str = "ok") -> None:
        await self.send("phx_reply", {"status": status, "response": response}, ref)

    async def system(self, status: str, extension: str, message: str) -> None:
        name = self.topic.removeprefix("realtime:")
        await self.send(
            "system", {"channel": name, "extension": extension, "message": message, "status": status}
        )

    def renew(self, channels: "dict[str, Channel]", token: str) -> None:
        """Goes on with another token; when it expires, the channel closes as Realtime closes it.

        Raises:
            jwt.InvalidTokenError: If the token is not valid now.
        """
        self.claims = claims_of(token)
        self.let_go()
        self._ends = asyncio.create_task(self._close_in_time(channels))

    async def close(self, channels: "dict[str, Channel]", why: str) -> None:
        """Tells the client, and forgets the channel."""
        if channels.get(self.topic) is self:
            del channels[self.topic]
        await self.system("error", "system", why)
        await self.send("phx_close", {})

    def let_go(self) -> None:
        """No longer watches the token."""
        if self._ends is not None:
            self._ends.cancel()

    async def _close_in_time(self, channels: "dict[str, Channel]") -> None:
        await asyncio.sleep(max(self.claims["exp"] - time.time(), 0))
        await self.close(channels, "Token has expired 0 seconds ago")
