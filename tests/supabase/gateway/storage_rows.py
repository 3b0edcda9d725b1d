"""The rows of `storage.objects`: written and read as whoever asks, so that PostgreSQL's policies decide."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import errors
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.storage_errors import denied, no_object, there_already
from tests.supabase.gateway.upload import Upload

Claims = Mapping[str, Any]

_INSERT = """insert into storage.objects
    (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
    values (%(id)s, %(bucket)s, %(name)s, %(owner)s::uuid, %(owner_id)s, %(version)s,
            %(metadata)s, %(user_metadata)s)"""
_OVER = """ on conflict (bucket_id, name) do update set owner = excluded.owner, owner_id = excluded.owner_id,
    version = excluded.version, metadata = excluded.metadata, user_metadata = excluded.user_metadata,
    updated_at = now() returning id"""


def moment(at: datetime | None) -> str | None:
    """A time as the storage-api writes it."""
    return (
        None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def metadata_of(upload: Upload) -> dict[str, Any]:
    """What the storage-api notes about the bytes of an object."""
    size = len(upload.content)
    return {
        "eTag": f'"{hashlib.md5(upload.content, usedforsecurity=False).hexdigest()}"', "size": size,
        "mimetype": upload.mimetype, "cacheControl": upload.cache_control,
        "lastModified": moment(datetime.now(UTC)), "contentLength": size, "httpStatusCode": 200,
    }  # fmt: skip


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as `remove` and `copy` answer it."""
    times = {name: moment(row[name]) for name in ("updated_at", "created_at", "last_accessed_at")}
    return {
        "name": row["name"], "bucket_id": row["bucket_id"], "owner": str(row["owner"] or ""),
        "owner_id": row["owner_id"] or "", "version": row["version"], "id": str(row["id"]), **times,
        "metadata": row["metadata"], "user_metadata": row["user_metadata"] or {},
    }  # fmt: skip


class Rows:
    """The objects that a database knows; each method acts as the role and user of `claims`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bucket(self, bucket: str) -> DictRow | None:
        """A bucket, whoever asks."""
        found = await self._database.ask("select * from storage.buckets where id = %s", bucket)
        return found[0] if found else None

    async def put(
        self, claims: Claims, bucket: str, name: str, metadata: Claims, user_metadata: Claims, over: bool
    ) -> tuple[str, str]:
        """Notes an object; id and version.

        Raises:
            Refused: If it is there already and not `over`, or a policy forbids it.
        """
        version = str(uuid.uuid4())
        owner = claims.get("sub")
        row = {
            "id": uuid.uuid4(), "bucket": bucket, "name": name, "owner": owner, "owner_id": owner,
            "version": version, "metadata": Jsonb(metadata), "user_metadata": Jsonb(user_metadata),
        }  # fmt: skip
        try:
            async with self._database.acting(claims) as connection:
                done = await connection.execute(_INSERT + (_OVER if over else ""), row)
                kept = await done.fetchone() if over else row
        except errors.UniqueViolation as problem:
            raise there_already() from problem
        except errors.InsufficientPrivilege as problem:
            raise denied() from problem
        assert kept is not None
        return str(kept["id"]), version

    async def find(self, claims: Claims, bucket: str, name: str) -> DictRow:
        """The row of an object.

        Raises:
            Refused: If there is none that these claims may see.
        """
        found = await self.find_all(claims, bucket, [name])
        if not found:
            raise no_object()
        return found[0]

    async def find_all(self, claims: Claims | None, bucket: str, names: Sequence[str]) -> list[DictRow]:
        query = "select * from storage.objects where bucket_id = %s and name = any(%s)"
        return await self._asked(claims, query, bucket, list(names))

    async def under(self, claims: Claims, bucket: str, prefix: str) -> list[DictRow]:
        """The objects whose names begin so."""
        query = "select * from storage.objects where bucket_id = %s and starts_with(name, %s)"
        return await self._asked(claims, query, bucket, prefix)

    async def delete(self, claims: Claims, bucket: str, names: Sequence[str]) -> list[DictRow]:
        """Deletes what these claims may delete; the rows that were there."""
        query = "delete from storage.objects where bucket_id = %s and name = any(%s) returning *"
        return await self._asked(claims, query, bucket, list(names))

    async def rename(self, claims: Claims, bucket: str, name: str, new: str) -> None:
        """Gives an object another name.

        Raises:
            Refused: If there is none that these claims may change, or the new name is taken or forbidden.
        """
        query = """update storage.objects set name = %s, updated_at = now()
            where bucket_id = %s and name = %s returning *"""
        try:
            if not await self._asked(claims, query, new, bucket, name):
                raise no_object()
        except errors.UniqueViolation as problem:
            raise there_already() from problem

    async def _asked(self, claims: Claims | None, query: Any, *values: Any) -> list[DictRow]:
        try:
            async with self._database.acting(claims) as connection:
                return await (await connection.execute(query, values)).fetchall()
        except errors.InsufficientPrivilege as problem:
            raise denied() from problem
