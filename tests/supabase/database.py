"""A private PostgreSQL that is set up as a hosted Supabase project is, with our migrations on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

import medsynth_supabase
from tests.postgres import OWNER, running_cluster

MIGRATOR = "hosted_postgres"
"""Runs the migrations; no superuser, as on a hosted project."""

SHIM = Path(__file__).parent / "shim.sql"
MIGRATIONS = Path(medsynth_supabase.__path__[0]) / "migrations"


@dataclass(frozen=True, kw_only=True)
class Supabase:
    """A running server with the roles and schemas of Supabase.

    Args:
        host: Folder of its Unix socket.
        port: Which names the socket.
    """

    host: str
    port: int = 5432

    @property
    def dsn(self) -> str:
        """Connects as a superuser."""
        return self.dsn_of(OWNER)

    def dsn_of(self, user: str) -> str:
        """Connects as a role that may log in."""
        return f"host={self.host} port={self.port} user={user} dbname={OWNER}"

    def execute(self, script: str, user: str = OWNER) -> None:
        """Runs a script of several statements, all or nothing."""
        with psycopg.connect(self.dsn_of(user)) as connection:
            connection.execute(script.encode())

    def apply_migrations(self) -> None:
        """Applies ours in the order of their names, each in a transaction, as Supabase's tool does."""
        for file in sorted(MIGRATIONS.glob("*.sql")):
            self.execute(file.read_text(), MIGRATOR)


@contextmanager
def running_supabase() -> Iterator[Supabase]:
    """A server without our migrations, gone at the end; its changes can be read from the WAL."""
    with running_cluster() as cluster:
        with psycopg.connect(
            host=str(cluster.folder), user=OWNER, dbname=OWNER, autocommit=True
        ) as connection:
            connection.execute("alter system set wal_level = logical")
        cluster.restart()
        server = Supabase(host=str(cluster.folder))
        server.execute(SHIM.read_text())
        yield server
