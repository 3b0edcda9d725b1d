"""Realtime of the loopback Supabase tells the real client of changes, and nobody of rows they may not see."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from realtime import AsyncRealtimeChannel, RealtimePostgresChangesListenEvent, RealtimeSubscribeStates
from supabase import AsyncClient

from tests.supabase.gateway.clients import real_async_client
from tests.supabase.gateway.faults import Fault
from tests.supabase.gateway.project import Server
from tests.supabase.gateway.tokens import ANON_KEY, SERVICE_KEY, mint

pytestmark = pytest.mark.supabase

TABLE = "synthetic_images"
SOON_S = 5
EVERY, INSERT, UPDATE, DELETE = (
    RealtimePostgresChangesListenEvent(one) for one in ("*", "INSERT", "UPDATE", "DELETE")
)


class Ear:
    """A channel, and what it heard."""

    def __init__(self, channel: AsyncRealtimeChannel) -> None:
        self.channel, self.states = channel, list[RealtimeSubscribeStates]()
        self._heard = asyncio.Queue[dict[str, Any]]()

    async def subscribe(self) -> None:
        await self.channel.subscribe(lambda state, _: self.states.append(state))

    def on(self, event: RealtimePostgresChangesListenEvent, filter: str | None = None) -> "Ear":
        self.channel.on_postgres_changes(
            event, self._heard.put_nowait, table=TABLE, schema="public", filter=filter
        )
        return self

    async def next(self) -> dict[str, Any]:
        return (await asyncio.wait_for(self._heard.get(), SOON_S))["data"]

    def is_silent(self) -> bool:
        return self._heard.empty()


@asynccontextmanager
async def client_of(
    probe: Server, key: str = SERVICE_KEY, token: str | None = None
) -> AsyncIterator[AsyncClient]:
    client = await real_async_client(probe.gateway.url, key)
    if token is not None:
        await client.realtime.set_auth(token)
    try:
        yield client
    finally:
        await client.realtime.close()
        await client.options.httpx_client.aclose()


async def insert(client: AsyncClient, sha256: str, **more: Any) -> dict[str, Any]:
    row = {"project": "p1", "sha256": sha256, "storage_path": "x", "class_label": "y", "owner": None, **more}
    return (await client.table(TABLE).insert(row).execute()).data[0]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not true():
            await asyncio.sleep(0.01)


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_change_arrives_as_rest_would_show_the_row(probe: Server) -> None:
    async def story() -> None:
        async with client_of(probe) as client:
            ear = Ear(client.channel("a")).on(EVERY)
            await ear.subscribe()
            assert ear.states == [RealtimeSubscribeStates.SUBSCRIBED]
            row = await insert(client, "a" * 64, metrics={"a": [1]}, tags=["x", "y,z"], status="approved")
            told = await ear.next()
            assert (told["type"], told["schema"], told["table"], told["errors"]) == (
                INSERT,
                "public",
                TABLE,
                None,
            )
            assert told["record"] == row
            await client.table(TABLE).update({"status": "rejected"}).eq("id", row["id"]).execute()
            told = await ear.next()
            assert told["record"] == {**row, "status": "rejected"} and told["old_record"] == {"id": row["id"]}
            await client.table(TABLE).delete().eq("id", row["id"]).execute()
            told = await ear.next()
            assert told["type"] == DELETE and told["old_record"] == {"id": row["id"]} and "record" not in told

    run(story)


def test_filters_and_events_choose_what_is_told(probe: Server) -> None:
    async def story() -> None:
        async with client_of(probe) as client:
            ear = (
                Ear(client.channel("a")).on(INSERT, "status=eq.approved").on(UPDATE, "status=in.(x,rejected)")
            )
            await ear.subscribe()
            pending = await insert(client, "a" * 64)
            await insert(client, "b" * 64, status="approved")
            assert (await ear.next())["record"]["sha256"] == "b" * 64
            for status in ("approved", "rejected"):
                await client.table(TABLE).update({"status": status}).eq("id", pending["id"]).execute()
            assert (await ear.next())["record"]["status"] == "rejected"
            assert ear.is_silent()

    run(story)


def test_a_row_is_told_only_to_those_who_may_see_it(probe: Server) -> None:
    owner, stranger = probe.new_user("owner"), probe.new_user("stranger")

    async def story() -> None:
        async with (
            client_of(probe) as service,
            client_of(probe, ANON_KEY) as anon,
            client_of(probe, ANON_KEY, mint("authenticated", sub=owner.id)) as own,
            client_of(probe, ANON_KEY, mint("authenticated", sub=stranger.id)) as other,
        ):
            ears = [Ear(one.channel("a")).on(EVERY) for one in (service, anon, own, other)]
            for ear in ears:
                await ear.subscribe()
            await insert(service, "a" * 64, owner=owner.id)
            await insert(service, "b" * 64, status="approved")
            heard = [(await ear.next())["record"]["sha256"][0] for ear in ears]
            assert heard == ["a", "b", "a", "b"]

    run(story)


def test_a_table_that_is_not_published_is_not_told(probe: Server) -> None:
    async def story() -> None:
        probe.rows("alter publication supabase_realtime drop table public.synthetic_images")
        try:
            async with client_of(probe) as client:
                ear = Ear(client.channel("a")).on(EVERY)
                await ear.subscribe()
                await insert(client, "a" * 64)
                await asyncio.sleep(0.3)
                assert ear.is_silent()
        finally:
            probe.rows("alter publication supabase_realtime add table public.synthetic_images")

    run(story)


def test_nothing_is_told_after_leaving(probe: Server) -> None:
    async def story() -> None:
        async with client_of(probe) as client:
            ear, stays = Ear(client.channel("a")).on(EVERY), Ear(client.channel("b")).on(EVERY)
            await ear.subscribe()
            await stays.subscribe()
            await ear.channel.unsubscribe()
            await until(lambda: RealtimeSubscribeStates.CLOSED in ear.states)
            await insert(client, "a" * 64)
            await stays.next()
            assert ear.is_silent() and probe.gateway.joined() == 1

    run(story)


def test_a_broadcast_reaches_everyone_on_the_topic(probe: Server) -> None:
    async def story() -> None:
        async with client_of(probe) as one, client_of(probe, ANON_KEY) as two:
            said = asyncio.Queue[Any]()
            await two.channel("a").on_broadcast("progress", said.put_nowait).subscribe()
            channel = one.channel("a")
            await channel.subscribe()
            await channel.send_broadcast("progress", {"done": 3})
            await channel.http_send("progress", {"done": 4})
            heard = [(await asyncio.wait_for(said.get(), SOON_S))["payload"]["done"] for _ in range(2)]
            assert heard == [3, 4]

    run(story)


def test_a_cut_websocket_is_opened_again_and_hears_on(probe: Server) -> None:
    async def story() -> None:
        async with client_of(probe) as client:
            ear = Ear(client.channel("a")).on(EVERY)
            await ear.subscribe()
            probe.gateway.faults = [Fault(kind="cut")]
            await insert(client, "a" * 64)
            await until(lambda: ear.states.count(RealtimeSubscribeStates.SUBSCRIBED) == 2)
            assert probe.gateway.faults.injected == {"cut": 1}
            await insert(client, "b" * 64)
            assert (await ear.next())["record"]["sha256"] == "b" * 64

    run(story)


@pytest.mark.parametrize("token", [mint("authenticated", -5), "no token"])
def test_a_token_that_is_not_valid_cannot_join(probe: Server, token: str) -> None:
    async def story() -> None:
        async with client_of(probe, ANON_KEY, token) as client:
            ear = Ear(client.channel("a")).on(EVERY)
            await ear.subscribe()
            assert ear.states == [RealtimeSubscribeStates.CHANNEL_ERROR]

    run(story)


def test_a_channel_closes_when_its_token_expires_unless_it_is_renewed(probe: Server) -> None:
    user = probe.new_user("user")

    async def story() -> None:
        async with (
            client_of(probe, ANON_KEY, mint("authenticated", 2, sub=user.id)) as client,
            client_of(probe, ANON_KEY, mint("authenticated", 2, sub=user.id)) as renewed,
        ):
            ear, other = Ear(client.channel("a")).on(EVERY), Ear(renewed.channel("a")).on(EVERY)
            await ear.subscribe()
            await other.subscribe()
            await renewed.realtime.set_auth(mint("authenticated", sub=user.id))
            await until(lambda: RealtimeSubscribeStates.CHANNEL_ERROR in ear.states)
            assert probe.gateway.joined() == 1
            await asyncio.sleep(0.1)
            assert other.states == [RealtimeSubscribeStates.SUBSCRIBED]

    run(story)
