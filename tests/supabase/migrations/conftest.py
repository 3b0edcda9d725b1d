"""A database with our migrations, and everybody and everything in it that the tests ask about."""

from collections.abc import Iterator

import pytest

from tests.supabase.database import running_supabase
from tests.supabase.migrations.rls_world import World, made_on


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with running_supabase() as server:
        server.apply_migrations()
        yield made_on(server)
