"""A Supabase on loopback: one address for REST, Auth, Storage and Realtime, in a thread of its own."""

import asyncio
import re
import threading
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from tests.supabase.gateway.changes import Changes
from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.exchange import Call, Reply, as_json
from tests.supabase.gateway.faults import Fault, Faults, Script
from tests.supabase.gateway.forward import Forward
from tests.supabase.gateway.network import Network
from tests.supabase.gateway.realtime import Realtime
from tests.supabase.gateway.storage import Storage

_T = TypeVar("_T")
LONGEST_BODY = 64 * 2**20


class Gateway:
    """The running server; its methods may be called from any thread but its own.

    Args:
        database: Behind all services.
        lite: Address of the process that serves REST and Auth.
        binaries: Folder of PostgreSQL's programs.
    """

    def __init__(self, database: Database, lite: str, binaries: Path) -> None:
        self._database, self._lite, self._binaries = database, lite, binaries
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._port = 0
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        """What a client is given as the project's URL; the same after `down` and `up`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on, a list of `Fault` is a script of them; `faults.injected` counts."""
        return self._network.faults

    @faults.setter
    def faults(self, faults: Faults | Iterable[Fault]) -> None:
        self._network.faults = faults if isinstance(faults, Faults) else Script(faults)

    @property
    def frames(self) -> int:
        """How many changes were sent over websockets so far."""
        return self._realtime.frames

    @property
    def token_seconds(self) -> float | None:
        """How long access tokens of new sessions are valid; none for an hour."""
        return self._forward.token_seconds

    @token_seconds.setter
    def token_seconds(self, seconds: float | None) -> None:
        self._forward.token_seconds = seconds

    def start(self) -> None:
        self._thread.start()
        self._run(self._start())

    def stop(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def down(self) -> None:
        """The network is away: connections are refused, open ones and websockets are cut."""
        self._run(self._away())

    def up(self) -> None:
        """The network is there again, at the same address."""
        self._run(self._listen())

    def settle(self) -> None:
        """Waits until everything that a fault has put off was carried out."""
        self._run(self._network.settle())

    def cut_websockets(self) -> int:
        """Ends all websockets as a broken network would; how many there were."""
        return self._run(self._call(self._realtime.cut_all))

    def joined(self, topic: str = "") -> int:
        """How many realtime channels are joined whose topic holds this text."""
        return self._run(self._call(lambda: self._realtime.joined(topic)))

    def count(self, pattern: str) -> int:
        """How many requests so far match, as "METHOD /path"."""
        return sum(re.search(pattern, one) is not None for one in self.requests)

    def forget(self) -> None:
        """Begins anew: the network is there, without faults, websockets, and memory of requests."""
        self._run(self._network.settle())
        self.faults, self.token_seconds = Faults(), None
        if self._site is None:
            self.up()
        self.cut_websockets()
        self.requests.clear()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _call(self, function: Any) -> Any:
        return function()

    async def _start(self) -> None:
        self._forward, self._storage = Forward(self._lite), Storage(self._database)
        self._network = Network(self._served)
        self._realtime = Realtime(self._database, self._network)
        self._changes = Changes(self._database, self._binaries, self._realtime.tell)
        await self._changes.start()
        application = web.Application(client_max_size=LONGEST_BODY)
        application.router.add_get("/realtime/v1/websocket", self._realtime.connect)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()

    async def _stop(self) -> None:
        await self._network.settle()
        await self._away()
        await self._runner.cleanup()
        await self._changes.stop()
        await self._forward.close()
        await self._database.close()

    async def _listen(self) -> None:
        self._site: web.TCPSite | None = web.TCPSite(
            self._runner, "127.0.0.1", self._port, reuse_address=True
        )
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def _away(self) -> None:
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self._realtime.cut_all()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        call = Call(
            method=request.method, path=path, query=query, body=await request.read(),
            headers={name.lower(): value for name, value in request.headers.items()},
        )  # fmt: skip
        self.requests.append(str(call))
        return await self._network.carry(call, request)

    async def _served(self, call: Call) -> Reply:
        if call.path.startswith(("/rest/v1/", "/auth/v1/")):
            return await self._forward.answer(call)
        if call.path.startswith("/storage/v1/"):
            return await self._storage.answer(call)
        if call.path.startswith("/realtime/v1/api/broadcast/"):
            return await self._realtime.broadcast_call(call)
        return as_json({"message": "no Route matched with those values"}, 404)


@contextmanager
def running_gateway(database: Database, lite: str, binaries: Path) -> Iterator[Gateway]:
    """A gateway that answers until the block ends."""
    gateway = Gateway(database, lite, binaries)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
