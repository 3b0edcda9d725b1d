"""A private PostgreSQL server on a Unix socket, for the tests marked `postgres`."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

BINARIES = "/usr/lib/postgresql/*/bin"
OWNER = "postgres"


class Cluster:
    """A running server; every database of it is the caller's.

    Args:
        folder: Holds data and socket.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._data = folder, folder / "data"

    def start(self) -> None:
        _run("initdb", "-D", self._data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c max_connections=60"
        _run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        _run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def restart(self) -> None:
        """Stop at once, as in a power cut, and start again."""
        _run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "-l", self.folder / "log", "restart")

    def new_database(self) -> str:
        """SQLAlchemy URL of an empty schema, which is as good as a database and much quicker to make."""
        name = f"bank_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(host=str(self.folder), user=OWNER, dbname=OWNER, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{name}"')
        return f"postgresql+psycopg://{OWNER}@/{OWNER}?host={self.folder}&options=-csearch_path%3D{name}"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster in a folder that everybody may reach, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has at most 107 characters
    if os.getuid() == 0:
        shutil.chown(folder, OWNER, OWNER)
    folder.chmod(0o755)
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *arguments: str | Path) -> None:
    found = sorted(Path("/").glob(f"{BINARIES[1:]}/{program}"))
    binary = str(found[-1]) if found else program
    prefix = ["runuser", "-u", OWNER, "--"] if os.getuid() == 0 else []  # the server refuses to run as root
    done = subprocess.run(
        [*prefix, binary, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, f"{program}: {done.stderr}"
