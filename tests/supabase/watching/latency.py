"""Approve here, see it there: how long until another client of the project hears of an approval.

`python -m tests.supabase.watching.latency` starts the loopback Supabase, approves 60 images and prints the
figures.
"""

import asyncio
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.supabase.gateway.project import USERS, Project
from tests.supabase.machines import Machine, Machines

LONGEST_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Seconds from the call that records an approval to the moment when a reader's client is told."""

    n: int
    median_s: float
    p95_s: float
    slowest_s: float

    def __str__(self) -> str:
        return (
            f"n = {self.n}, median {self.median_s:.3f} s, p95 {self.p95_s:.3f} s, "
            f"slowest {self.slowest_s:.3f} s"
        )


class Reader:
    """A project reader's own client, subscribed to `samples`, in a thread of its own."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.seen: dict[str, float] = {}
        self._news, self._ready = threading.Condition(), threading.Event()
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._listen(),))

    def __enter__(self) -> "Reader":
        self._thread.start()
        assert self._ready.wait(LONGEST_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(LONGEST_S)
        self._loop.close()

    def wait_for(self, name: str) -> float:
        """When the client was told that the sample is approved."""
        with self._news:
            assert self._news.wait_for(lambda: name in self.seen, LONGEST_S), f"{name} never came"
            return self.seen[name]

    async def _listen(self) -> None:
        client = await self._project.async_client("reader")
        channel = client.channel("samples-of-a-reader")
        channel.on_postgres_changes(
            "*", self._told, table="samples", schema="public", filter=f"project=eq.{self._project.id}"
        )
        await channel.subscribe(lambda state, _: self._ready.set() if state == "SUBSCRIBED" else None)
        await self._ended.wait()
        await client.realtime.close()
        assert client.options.httpx_client is not None
        await client.options.httpx_client.aclose()

    def _told(self, change: dict[str, Any]) -> None:
        now, record = time.perf_counter(), change["data"]["record"]
        if record.get("status") == "approved":
            with self._news:
                self.seen.setdefault(record["name"], now)
                self._news.notify_all()


def measure(machine: Machine, count: int) -> Latency:
    """Approve images one after the other while a watch runs.

    Args:
        machine: A watch of it runs already; it has at least `count` images that wait.
        count: How many.
    """
    reader, took = machine.enrol("Dr Latency"), []
    with Reader(machine.project) as there:
        time.sleep(2)  # the watch has told all that was
        for digest in [one for one in machine.shown() if machine.state(one) == "pending"][:count]:
            began = time.perf_counter()
            machine.reviews.record(digest, reader, "approve")
            took.append(there.wait_for(machine.names.sample(digest)) - began)
            time.sleep(0.05 * (len(took) % 7))  # not in step with the watch
    return Latency(
        n=len(took), median_s=float(np.median(took)), p95_s=float(np.quantile(took, 0.95)),
        slowest_s=max(took),
    )  # fmt: skip


def _main() -> None:
    from tests.supabase.database import running_supabase
    from tests.supabase.gateway.connections import Database
    from tests.supabase.gateway.running import running_server

    with (
        running_supabase() as cluster,
        tempfile.TemporaryDirectory() as folder,
        Machines(Path(folder)) as machines,
    ):
        cluster.apply_migrations()
        with running_server(Database(host=cluster.host, port=cluster.port)) as server:
            project = Project.made_on(server, {name: server.new_user(name) for name in USERS})
            machine = machines(project, 45, role="publisher")
            stop = threading.Event()
            thread = threading.Thread(target=machine.sync.watch, args=(stop,), kwargs={"progress": False})
            thread.start()
            try:
                print(f"approve here, see it there: {measure(machine, 60)}")
            finally:
                stop.set()
                thread.join()


if __name__ == "__main__":
    _main()
