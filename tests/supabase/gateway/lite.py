"""REST and Auth by npm's `@supabase/lite`, installed once into a cache folder and run in a Node process."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.tokens import SECRET

FOLDER = Path(__file__).parents[1] / "lite"


def installed_lite() -> Path:
    """The folder with `node_modules` as the lock file pins them; skips the test where npm cannot fill it."""
    pinned = (FOLDER / "package-lock.json").read_bytes()
    place = user_cache_path("medsynth-aug") / "tests" / f"lite-{hashlib.sha256(pinned).hexdigest()[:16]}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=place.parent) as made:
                for name in ("package.json", "package-lock.json"):
                    shutil.copy(FOLDER / name, made)
                command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
                done = subprocess.run(command, cwd=made, capture_output=True, text=True)
                if done.returncode:
                    pytest.skip(f"npm cannot install @supabase/lite: {done.stderr.strip()[-300:]}")
                shutil.copytree(made, place, symlinks=True)
    return place


@contextmanager
def running_lite(database: Database) -> Iterator[str]:
    """The address of REST and Auth on this database, until the block ends.

    Args:
        database: Holds the roles and schemas of Supabase; Auth makes what it lacks in the schema `auth`.
    """
    place = installed_lite()
    told = {
        "host": database.host, "port": database.port, "user": database.owner, "database": database.name,
        "secret": SECRET,
    }  # fmt: skip
    environment = {
        **os.environ, "LOOPBACK_SUPABASE": json.dumps(told), "LITE_AUTH_BCRYPT_COST": "4",
        "DO_NOT_TRACK": "1",
    }  # fmt: skip
    with (FOLDER / "serve.mjs").open() as program, tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            ["node", "--input-type=module"], stdin=program, stdout=subprocess.PIPE, stderr=log, text=True,
            cwd=place, env=environment,
        )  # fmt: skip
        with process:
            assert process.stdout is not None
            try:
                said = process.stdout.readline().split()
                if not said:
                    log.seek(0)
                    raise RuntimeError(f"@supabase/lite did not start: {log.read()}")
                yield f"http://127.0.0.1:{said[-1]}"
            finally:
                process.terminate()
