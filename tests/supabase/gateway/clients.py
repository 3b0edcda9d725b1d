"""The real client, closed at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from supabase import AsyncClient, AsyncClientOptions, Client, ClientOptions, acreate_client, create_client

TIMEOUT_S = 10.0


@contextmanager
def real_client(url: str, key: str) -> Iterator[Client]:
    """supabase-py's client; its connections are closed with the block."""
    with httpx.Client(timeout=TIMEOUT_S) as network:
        client = create_client(url, key, ClientOptions(httpx_client=network, auto_refresh_token=False))
        yield client


async def real_async_client(url: str, key: str) -> AsyncClient:
    """supabase-py's asynchronous client; close its `realtime` at the end."""
    network = httpx.AsyncClient(timeout=TIMEOUT_S)
    return await acreate_client(url, key, AsyncClientOptions(httpx_client=network, auto_refresh_token=False))
