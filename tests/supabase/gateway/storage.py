"""Storage as the real storage-api answers supabase-py; PostgreSQL's policies decide, bytes stay in memory."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, unquote

import jwt
from psycopg import errors

from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.exchange import Call, Reply, as_json
from tests.supabase.gateway.storage_errors import (
    Refused,
    bad_key,
    bad_token,
    bad_type,
    denied,
    no_bucket,
    no_object,
    there_already,
    too_large,
)
from tests.supabase.gateway.storage_rows import Rows, metadata_of, moment, shown
from tests.supabase.gateway.tokens import SECRET, claims_of
from tests.supabase.gateway.upload import read_upload

_KEY = re.compile(r"(\w|/|!|-|\.|\*|'|\(|\)| |&|\$|@|=|;|:|\+|,|\?)*", re.ASCII)


class Storage:
    """The service behind `/storage/v1`.

    Args:
        database: Holds the schema `storage`.
    """

    def __init__(self, database: Database) -> None:
        self._database, self._rows = database, Rows(database)
        self._bytes: dict[str, bytes] = {}

    async def answer(self, call: Call) -> Reply:
        """What the storage-api would answer."""
        path = unquote(call.path.removeprefix("/storage/v1"))
        try:
            for methods, pattern, route in _ROUTES:
                match = re.fullmatch(pattern, path)
                if match and call.method in methods.split():
                    return await route(self, call, **match.groupdict())
        except Refused as problem:
            return problem.reply()
        message = f"Route {call.method}:{path} not found"
        return as_json({"message": message, "error": "Not Found", "statusCode": 404}, 404)

    async def make_bucket(self, call: Call) -> Reply:
        asked = call.data()
        query = """insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
            values (%(id)s, %(name)s, %(public)s, %(file_size_limit)s, %(allowed_mime_types)s)"""
        row = {"public": False, "file_size_limit": None, "allowed_mime_types": None, **asked}
        try:
            async with self._database.acting(_claims(call)) as connection:
                await connection.execute(query, row)
        except errors.UniqueViolation as problem:
            raise there_already("BucketAlreadyExists") from problem
        except errors.InsufficientPrivilege as problem:
            raise denied() from problem
        return as_json({"name": asked["name"]})

    async def list_buckets(self, call: Call) -> Reply:
        async with self._database.acting(_claims(call)) as connection:
            rows = await (await connection.execute("select * from storage.buckets order by id")).fetchall()
        return as_json([_bucket(row) for row in rows])

    async def get_bucket(self, call: Call, bucket: str) -> Reply:
        async with self._database.acting(_claims(call)) as connection:
            done = await connection.execute("select * from storage.buckets where id = %s", (bucket,))
            row = await done.fetchone()
        if row is None:
            raise no_bucket()
        return as_json(_bucket(row))

    async def upload(self, call: Call, bucket: str, name: str) -> Reply:
        claims = _claims(call)
        if not name or not _KEY.fullmatch(name):
            raise bad_key(name)
        limits = await self._rows.bucket(bucket)
        if limits is None:
            raise no_bucket()
        sent = await read_upload(call)
        if limits["allowed_mime_types"] and sent.mimetype not in limits["allowed_mime_types"]:
            raise bad_type(sent.mimetype)
        if limits["file_size_limit"] and len(sent.content) > limits["file_size_limit"]:
            raise too_large()
        over = call.method == "PUT" or call.headers.get("x-upsert") == "true"
        made, version = await self._rows.put(
            claims, bucket, name, metadata_of(sent), sent.user_metadata, over
        )
        self._bytes[version] = sent.content
        return as_json({"Key": f"{bucket}/{name}", "Id": made})

    async def download(self, call: Call, bucket: str, name: str) -> Reply:
        return self._content(await self._seen(call, bucket, name))

    async def download_public(self, call: Call, bucket: str, name: str) -> Reply:
        limits = await self._rows.bucket(bucket)
        if limits is None or not limits["public"]:
            raise no_bucket()
        return self._content(await self._found(bucket, name))

    async def download_signed(self, call: Call, bucket: str, name: str) -> Reply:
        try:
            said = jwt.decode(call.argument("token"), SECRET, algorithms=["HS256"])
        except jwt.InvalidTokenError as problem:
            raise Refused("400", "InvalidJWT", _spoken(problem), "InvalidJWT") from problem
        if said.get("url") != f"{bucket}/{name}":
            raise Refused("400", "InvalidSignature", "Invalid signature", "InvalidSignature")
        return self._content(await self._found(bucket, name))

    async def info(self, call: Call, bucket: str, name: str) -> Reply:
        row = await self._seen(call, bucket, name)
        about = row["metadata"]
        data = {
            "id": str(row["id"]), "name": row["name"], "version": row["version"], "bucket_id": bucket,
            "size": about["size"], "content_type": about["mimetype"], "cache_control": about["cacheControl"],
            "etag": about["eTag"], "metadata": row["user_metadata"] or {},
            "last_modified": moment(row["updated_at"]), "created_at": moment(row["created_at"]),
        }  # fmt: skip
        return as_json(data, 200, **_headers(row, "etag", "last-modified", "cache-control"))

    async def list_objects(self, call: Call, bucket: str) -> Reply:
        asked = call.data()
        prefix = asked.get("prefix", "").strip("/")
        start = f"{prefix}/" if prefix else ""
        entries: dict[str, dict[str, Any]] = {}
        for row in await self._rows.under(_claims(call), bucket, start):
            name, *deeper = row["name"].removeprefix(start).split("/")
            if asked.get("search", "").lower() in name.lower():
                entries[name] = _entry(name, None if deeper else row)
        order = asked.get("sortBy") or {}
        column = order.get("column", "name")
        listed = sorted(
            entries.values(), key=lambda one: one[column] or "", reverse=order.get("order") == "desc"
        )
        first = asked.get("offset") or 0
        return as_json(listed[first : first + (asked.get("limit") or 100)])

    async def sign(self, call: Call, bucket: str, name: str) -> Reply:
        await self._seen(call, bucket, name)
        return as_json({"signedURL": _signed(bucket, name, call.data()["expiresIn"])})

    async def sign_many(self, call: Call, bucket: str) -> Reply:
        asked = call.data()
        found = await self._rows.find_all(_claims(call), bucket, asked["paths"])
        seen = {row["name"] for row in found}
        lacking = "Either the object does not exist or you do not have access to it"
        return as_json([
            {
                "error": None if name in seen else lacking, "path": name,
                "signedURL": _signed(bucket, name, asked["expiresIn"]) if name in seen else None,
            }
            for name in asked["paths"]
        ])  # fmt: skip

    async def remove(self, call: Call, bucket: str) -> Reply:
        gone = await self._rows.delete(_claims(call), bucket, call.data()["prefixes"])
        self._forget(*gone)
        return as_json([shown(row) for row in gone])

    async def remove_one(self, call: Call, bucket: str, name: str) -> Reply:
        gone = await self._rows.delete(_claims(call), bucket, [name])
        if not gone:
            raise no_object()
        self._forget(*gone)
        return as_json({"message": "Successfully deleted"})

    async def move(self, call: Call) -> Reply:
        asked = call.data()
        await self._rows.rename(_claims(call), asked["bucketId"], asked["sourceKey"], asked["destinationKey"])
        return as_json({"message": "Successfully moved"})

    async def copy(self, call: Call) -> Reply:
        claims, asked = _claims(call), call.data()
        bucket, new = asked["bucketId"], asked["destinationKey"]
        row = await self._rows.find(claims, bucket, asked["sourceKey"])
        made, version = await self._rows.put(
            claims, bucket, new, row["metadata"], row["user_metadata"] or {}, over=False
        )
        self._bytes[version] = self._bytes[row["version"]]
        return as_json({"Key": f"{bucket}/{new}", "Id": made, **shown(await self._found(bucket, new))})

    async def _found(self, bucket: str, name: str) -> Mapping[str, Any]:
        """The row of an object, whoever asks."""
        found = await self._rows.find_all(None, bucket, [name])
        if not found:
            raise no_object()
        return found[0]

    async def _seen(self, call: Call, bucket: str, name: str) -> Mapping[str, Any]:
        """The row of an object that whoever calls may see."""
        limits = await self._rows.bucket(bucket)
        if limits is None or "authorization" not in call.headers:
            raise no_bucket()
        return await self._rows.find(_claims(call), bucket, name)

    def _content(self, row: Mapping[str, Any]) -> Reply:
        headers = _headers(row, "content-type", "etag", "last-modified", "cache-control")
        content = self._bytes.get(row["version"])
        if content is None:
            raise no_object()
        return Reply(headers=headers, body=content)

    def _forget(self, *rows: Mapping[str, Any]) -> None:
        for row in rows:
            self._bytes.pop(row["version"], None)


def _claims(call: Call) -> dict[str, Any]:
    kind, _, token = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        message = "headers must have required property 'authorization'"
        raise Refused("400", "Error", message, "InvalidRequest")
    try:
        return claims_of(token)
    except jwt.InvalidTokenError as problem:
        raise bad_token(_spoken(problem)) from problem


def _spoken(problem: Exception) -> str:
    """What the storage-api's own library says of a token."""
    if isinstance(problem, jwt.ExpiredSignatureError):
        return '"exp" claim timestamp check failed'
    return "signature verification failed"


def _signed(bucket: str, name: str, seconds: str | int) -> str:
    now = int(time.time())
    content = {"url": f"{bucket}/{name}", "iat": now, "exp": now + int(seconds)}
    token = jwt.encode(content, SECRET, algorithm="HS256")
    return f"/object/sign/{bucket}/{quote(name)}?token={token}"


def _headers(row: Mapping[str, Any], *names: str) -> dict[str, str]:
    about, changed = row["metadata"], row["updated_at"]
    assert isinstance(changed, datetime)
    every = {
        "content-type": about["mimetype"], "etag": about["eTag"], "cache-control": about["cacheControl"],
        "last-modified": format_datetime(changed.astimezone(UTC), usegmt=True),
    }  # fmt: skip
    return {name: every[name] for name in names}


def _entry(name: str, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """An object or, without a row, a folder of a listing."""
    fields = ("id", "updated_at", "created_at", "last_accessed_at", "metadata")
    if row is None:
        return {"name": name, **dict.fromkeys(fields)}
    about = shown(row)
    return {"name": name, **{field: about[field] for field in fields}}


def _bucket(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"], "name": row["name"], "owner": str(row["owner"] or ""), "public": row["public"],
        "type": "STANDARD", "file_size_limit": row["file_size_limit"],
        "allowed_mime_types": row["allowed_mime_types"], "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }  # fmt: skip


_AT = r"/(?P<bucket>[^/]+)"
_OBJECT = _AT + r"/(?P<name>.+)"
_ROUTES: list[tuple[str, str, Callable[..., Awaitable[Reply]]]] = [
    ("POST", "/bucket/?", Storage.make_bucket),
    ("GET", "/bucket/?", Storage.list_buckets),
    ("GET", "/bucket" + _AT, Storage.get_bucket),
    ("POST", "/object/move", Storage.move),
    ("POST", "/object/copy", Storage.copy),
    ("POST", "/object/list" + _AT, Storage.list_objects),
    ("POST", "/object/sign" + _OBJECT, Storage.sign),
    ("POST", "/object/sign" + _AT, Storage.sign_many),
    ("GET HEAD", "/object/sign" + _OBJECT, Storage.download_signed),
    ("GET HEAD", "/object/public" + _OBJECT, Storage.download_public),
    ("GET HEAD", "/object/info(?:/authenticated)?" + _OBJECT, Storage.info),
    ("GET HEAD", "/object/authenticated" + _OBJECT, Storage.download),
    ("GET HEAD", "/object" + _OBJECT, Storage.download),
    ("POST PUT", "/object" + _OBJECT, Storage.upload),
    ("DELETE", "/object" + _AT, Storage.remove),
    ("DELETE", "/object" + _OBJECT, Storage.remove_one),
]
