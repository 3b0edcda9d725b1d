"""Realtime over websockets, in Phoenix JSON objects (vsn 1.0.0): changes for those who may see them."""

import asyncio
import json
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import unquote

import jwt
from aiohttp import WSMsgType, web

from tests.supabase.gateway.changes import Change
from tests.supabase.gateway.channel import Channel, send
from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.exchange import Call, Reply
from tests.supabase.gateway.network import Network
from tests.supabase.gateway.subscription import Subscription
from tests.supabase.gateway.tokens import is_key

Channels = dict[str, Channel]


class Realtime:
    """The service behind `/realtime/v1`; lives in one event loop.

    Args:
        database: Asked what a subscriber may see.
        network: Its faults may cut a websocket in place of a change.
    """

    def __init__(self, database: Database, network: Network) -> None:
        self._database, self._network = database, network
        self._sockets: dict[web.WebSocketResponse, tuple[asyncio.Transport, Channels]] = {}
        self._ids = count(1000)
        self.frames = 0

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serves one websocket until it closes."""
        if not is_key(request.query.get("apikey", "")):
            return web.Response(status=403)
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        socket = web.WebSocketResponse(max_msg_size=2**24)
        await socket.prepare(request)
        channels: Channels = {}
        self._sockets[socket] = (transport, channels)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._received(socket, channels, json.loads(message.data), request.query["apikey"])
        finally:
            for channel in channels.values():
                channel.let_go()
            self._sockets.pop(socket, None)
        return socket

    async def tell(self, change: Change) -> None:
        """Sends a change to everyone who asked for it and may see the row."""
        seen: dict[str, bool] = {}
        listening = [one for _, channels in self._sockets.values() for one in channels.values()]
        for channel in listening:
            ids = [one.id for one in channel.subscriptions if one.wants(change)]
            who = f"{channel.claims['role']} {channel.claims.get('sub')}"
            if ids and who not in seen:
                seen[who] = await change.visible(self._database, channel.claims)
            if not ids or not seen[who]:
                continue
            if self._network.faults.for_change(channel.topic):
                self._cut(channel.socket)
            else:
                self.frames += 1
                await channel.send("postgres_changes", {"ids": ids, "data": change.data()})

    async def broadcast_call(self, call: Call) -> Reply:
        """A broadcast that comes as an HTTP request."""
        topic, event = unquote(call.path).split("/api/broadcast/")[1].split("/events/")
        await self._broadcast(
            f"realtime:{topic}", {"type": "broadcast", "event": event, "payload": call.data()}
        )
        return Reply(status=202)

    def cut_all(self) -> int:
        """Ends all websockets without a closing handshake; how many there were."""
        return sum(self._cut(socket) for socket in list(self._sockets))

    def joined(self, topic: str = "") -> int:
        """How many channels there are whose topic holds this text."""
        return sum(topic in name for _, channels in self._sockets.values() for name in channels)

    def _cut(self, socket: web.WebSocketResponse) -> bool:
        if socket not in self._sockets:
            return False
        transport, channels = self._sockets.pop(socket)
        for channel in channels.values():
            channel.let_go()
        transport.abort()
        return True

    async def _received(
        self, socket: web.WebSocketResponse, channels: Channels, frame: Mapping[str, Any], key: str
    ) -> None:
        topic, event, ref = frame["topic"], frame["event"], frame.get("ref")
        if event == "heartbeat":
            reply = {"status": "ok", "response": {}}
            await send(socket, topic=topic, event="phx_reply", payload=reply, ref=ref, join_ref=None)
            return
        if event == "phx_join":
            await self._join(socket, channels, frame, key)
            return
        channel = channels.get(topic)
        if channel is None:
            return
        if event == "phx_leave":
            del channels[topic]
            channel.let_go()
            await channel.reply(ref, {})
            await channel.send("phx_close", {}, ref)
        elif event == "access_token":
            try:
                channel.renew(channels, frame["payload"]["access_token"])
            except jwt.InvalidTokenError as problem:
                await channel.close(channels, str(problem))
        elif event == "broadcast":
            await self._broadcast(topic, frame["payload"], channel)
            await channel.reply(ref, {})

    async def _join(
        self, socket: web.WebSocketResponse, channels: Channels, frame: Mapping[str, Any], key: str
    ) -> None:
        asked, topic, ref = frame["payload"], frame["topic"], frame["ref"]
        config = asked.get("config", {})
        filters = config.get("postgres_changes") or []
        echo = (config.get("broadcast") or {}).get("self", False)
        channel = Channel(socket, topic, frame.get("join_ref"), {}, [], echo)
        try:
            channel.subscriptions = [Subscription.of(one, next(self._ids)) for one in filters]
            channel.renew(channels, asked.get("access_token") or key)
        except (jwt.InvalidTokenError, ValueError) as problem:
            is_token = isinstance(problem, jwt.InvalidTokenError)
            reason = f"{'InvalidJWTToken' if is_token else 'MalformedFilter'}: {problem}"
            await channel.reply(ref, {"reason": reason}, "error")
            return
        if topic in channels:
            channels[topic].let_go()
        channels[topic] = channel
        numbered = [{**one, "id": made.id} for one, made in zip(filters, channel.subscriptions, strict=True)]
        await channel.reply(ref, {"postgres_changes": numbered})
        await channel.send("presence_state", {})
        if filters:
            await channel.system("ok", "postgres_changes", "Subscribed to PostgreSQL")

    async def _broadcast(self, topic: str, payload: Any, sender: Channel | None = None) -> None:
        for _, channels in list(self._sockets.values()):
            channel = channels.get(topic)
            if channel is not None and (channel is not sender or channel.echo):
                await channel.send("broadcast", payload)
