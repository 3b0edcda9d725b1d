"""Row changes as they stand in PostgreSQL's write-ahead log, read through wal2json the moment they commit."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tests.supabase.gateway.connections import Database

_ACTIONS = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}
_LONGEST_LINE = 2**26


@dataclass(frozen=True, kw_only=True)
class Change:
    """A committed change of a row.

    Args:
        type: "INSERT", "UPDATE" or "DELETE".
        columns: Name and type of each, as Realtime sends them.
        record: The row as it became; empty for a deleted one.
        key: Primary key of the row.
    """

    type: str
    schema: str
    table: str
    commit_timestamp: str
    columns: list[dict[str, str]]
    record: dict[str, Any]
    key: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The part of a change frame that is the same for all who see it."""
        said: dict[str, Any] = {
            "type": self.type, "schema": self.schema, "table": self.table, "columns": self.columns,
            "commit_timestamp": self.commit_timestamp, "errors": None,
        }  # fmt: skip
        if self.type != "DELETE":
            said["record"] = self.record
        if self.type != "INSERT":
            said["old_record"] = self.key
        return said

    async def visible(self, database: Database, claims: Mapping[str, Any]) -> bool:
        """True if the role and user of these claims may see the row; a deleted one is told to everybody."""
        if self.type == "DELETE":
            return True
        table = sql.Identifier(self.schema, self.table)
        same = [
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(self.key[name])) for name in self.key
        ]
        query = sql.SQL("select 1 from {} where {}").format(table, sql.SQL(" and ").join(same))
        allowed = await database.ask(
            "select has_table_privilege(%s, %s, 'select') as is_so",
            claims["role"],
            f"{self.schema}.{self.table}",
        )
        if not same or not allowed[0]["is_so"]:
            return False
        async with database.acting(claims) as connection:
            return await (await connection.execute(query)).fetchone() is not None


class Changes:
    """A logical replication slot, and the process that reads it.

    Args:
        database: Whose changes are read; the server runs with `wal_level=logical`.
        binaries: Folder of `pg_recvlogical`.
        told: Called with each change of a published table, in order.
    """

    def __init__(self, database: Database, binaries: Path, told: Callable[[Change], Awaitable[None]]) -> None:
        self._database, self._binaries, self._told = database, binaries, told
        self._slot = f"gateway_{uuid.uuid4().hex[:12]}"

    async def start(self) -> None:
        """Makes the slot; every change that commits from now on is told."""
        query = "select pg_create_logical_replication_slot(%s, 'wal2json')"
        await self._database.ask(query, self._slot)
        self._process = await asyncio.create_subprocess_exec(
            str(self._binaries / "pg_recvlogical"), "--start", "--no-loop", "--slot", self._slot,
            "--file", "-", "--host", self._database.host, "--port", str(self._database.port), "--no-password",
            "--username", self._database.owner, "--dbname", self._database.name,
            "--option", "format-version=2", "--option", "include-timestamp=true",
            "--option", "include-pk=true", "--option", "include-xids=true",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, limit=_LONGEST_LINE,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """Ends the process and removes the slot."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        self._process.terminate()
        await self._process.wait()
        query = "select active from pg_replication_slots where slot_name = %s"
        while (await self._database.ask(query, self._slot))[0]["active"]:
            await asyncio.sleep(0.01)
        await self._database.ask("select pg_drop_replication_slot(%s)", self._slot)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if said["action"] in _ACTIONS and await self._is_published(said["schema"], said["table"]):
                await self._until_visible(said["xid"])
                await self._told(await self._change(said))

    async def _until_visible(self, transaction: int) -> None:
        """A commit stands in the log a moment before other transactions see it."""
        query = "select pg_visible_in_snapshot(%s::text::xid8, pg_current_snapshot()) as is_so"
        while not (await self._database.ask(query, str(transaction)))[0]["is_so"]:
            await asyncio.sleep(0.001)

    async def _is_published(self, schema: str, table: str) -> bool:
        query = """select 1 from pg_publication_tables
            where pubname = 'supabase_realtime' and schemaname = %s and tablename = %s"""
        return bool(await self._database.ask(query, schema, table))

    async def _change(self, said: Mapping[str, Any]) -> Change:
        now = said.get("columns") or said.get("identity") or []
        names = [column["name"] for column in said.get("pk", [])]
        columns = [{"name": column["name"], "type": column["type"]} for column in now]
        record = await self._record(said, now)
        before = await self._record(said, said.get("identity") or now)
        return Change(
            type=_ACTIONS[said["action"]], schema=said["schema"], table=said["table"], columns=columns,
            commit_timestamp=said["timestamp"].replace(" ", "T")[:23] + "Z",
            record=record if said["action"] != "D" else {},
            key={name: (before if said["action"] == "D" else record)[name] for name in names},
        )  # fmt: skip

    async def _record(self, said: Mapping[str, Any], columns: list[dict[str, Any]]) -> DictRow:
        """The values as PostgreSQL itself writes them in JSON; wal2json has most as text."""
        values = {
            column["name"]: json.loads(column["value"])
            if column["type"] in ("json", "jsonb") and column["value"] is not None
            else column["value"]
            for column in columns
        }
        row = sql.SQL("select to_jsonb(jsonb_populate_record(null::{}, %s)) as row").format(
            sql.Identifier(said["schema"], said["table"])
        )
        async with self._database.acting() as connection:
            done = await (await connection.execute(row, (Jsonb(values),))).fetchone()
        assert done is not None
        return {name: done["row"][name] for name in values}
