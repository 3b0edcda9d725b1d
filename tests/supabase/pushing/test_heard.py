"""Who follows a project through realtime hears that a sample was approved, and that it is no more."""

import asyncio
from typing import Any

import pytest
from realtime import RealtimePostgresChangesListenEvent

from medsynth_aug.bank import SampleBank
from medsynth_supabase import Names
from tests.supabase.gateway.project import Project
from tests.supabase.material import Readers, make_patients
from tests.supabase.syncing import syncing

pytestmark = pytest.mark.supabase

SOON_S = 10
INSERT = RealtimePostgresChangesListenEvent("INSERT")


@pytest.mark.parametrize("role", ["reader", "member"])
def test_a_follower_hears_an_approval_come_and_go(
    bank: SampleBank, readers: Readers, project: Project, role: str
) -> None:
    (digest, *_) = make_patients(bank, 1)

    async def story() -> list[tuple[str, str]]:
        client, heard = await project.async_client(role), asyncio.Queue[dict[str, Any]]()
        channel = client.realtime.channel("news")
        channel.on_postgres_changes(
            INSERT, heard.put_nowait, table="events", schema="public", filter=f"project=eq.{project.id}"
        )
        try:
            await channel.subscribe()
            with syncing(bank, project) as sync:
                (verdict,) = readers.approve(digest)
                await asyncio.to_thread(sync.push)
                readers.reviews.revoke(verdict, "a slip")
                await asyncio.to_thread(sync.push)
            news = [(await asyncio.wait_for(heard.get(), SOON_S))["data"]["record"] for _ in range(2)]
        finally:
            await client.realtime.close()
            await client.options.httpx_client.aclose()
        return [(one["subject"], one["status"]) for one in news]

    name = Names(project.key).sample(digest)
    assert asyncio.run(story()) == [(name, "approved"), (name, "withdrawn")]
