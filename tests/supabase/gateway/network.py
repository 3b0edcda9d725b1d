"""The way between client and services: it carries requests, and it is where faults happen."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.supabase.gateway.exchange import Call, Reply, as_json
from tests.supabase.gateway.faults import Fault, Faults
from tests.supabase.gateway.turns import Turns


class Network:
    """Carries each request once, unless a fault says otherwise; lives in one event loop.

    Args:
        services: Carries a request out.
    """

    def __init__(self, services: Callable[[Call], Awaitable[Reply]]) -> None:
        self._services, self._turns = services, Turns()
        self._later: set[asyncio.Task[None]] = set()
        self.faults = Faults()

    async def carry(self, call: Call, request: web.Request) -> web.StreamResponse:
        """Answers `request`, which came as `call`."""
        fault = self.faults.for_request(call)
        if fault is None:
            return _response(await self._served(call))
        if fault.kind == "refuse":
            return _response(_refusal(fault))
        if fault.kind in ("drop", "late"):
            if fault.kind == "late":
                self._serve_later(call, fault.seconds)
            return _closed(request)
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "reorder":
            await self._turns.next(fault.seconds)
        reply = await self._served(call)
        if fault.kind == "duplicate":
            self._serve_later(call, fault.seconds)
        elif fault.kind == "lose":
            return _closed(request)
        elif fault.kind == "timeout":
            return _response(Reply(status=504, body=b"upstream request timeout"))
        elif fault.kind == "truncate":
            return await _truncated(reply, request)
        return _response(reply)

    async def settle(self) -> None:
        """Waits until everything that was held back has been carried out."""
        while self._later:
            await asyncio.gather(*self._later)

    async def _served(self, call: Call) -> Reply:
        try:
            return await self._services(call)
        finally:
            await self._turns.count()

    def _serve_later(self, call: Call, seconds: float) -> None:
        async def serve() -> None:
            await self._turns.next(seconds)
            await self._services(call)

        task = asyncio.create_task(serve())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=dict(reply.headers), body=reply.body)


def _refusal(fault: Fault) -> Reply:
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return as_json({"message": "asked for by a test"}, fault.status, **headers)


def _closed(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(reply: Reply, request: web.Request) -> web.StreamResponse:
    if len(reply.body) < 2:
        return _closed(request)
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
