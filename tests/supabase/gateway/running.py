"""Puts cluster, lite and gateway together."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.lite import running_lite
from tests.supabase.gateway.project import Server
from tests.supabase.gateway.server import running_gateway

PROGRAMS = "usr/lib/postgresql/*/bin"


@contextmanager
def running_server(database: Database) -> Iterator[Server]:
    """A loopback Supabase on a database that is there, until the block ends.

    Args:
        database: With the roles and the schemas `auth` and `storage`; and with all of its tables, since lite
            knows those that it finds when it starts.
    """
    binaries = sorted(Path("/").glob(PROGRAMS))[-1]
    with running_lite(database) as lite, running_gateway(database, lite, binaries) as gateway:
        yield Server(gateway=gateway, database=database)
