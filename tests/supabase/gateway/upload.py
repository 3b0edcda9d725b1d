"""The parts of a multipart upload, as supabase-py sends it."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, StreamReader
from aiohttp.base_protocol import BaseProtocol

from tests.supabase.gateway.exchange import Call


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What a client asks to store."""

    content: bytes
    mimetype: str
    cache_control: str
    user_metadata: dict[str, Any]


async def read_upload(call: Call) -> Upload:
    """The parts of this body; the last part is the file."""
    loop = asyncio.get_running_loop()
    stream = StreamReader(BaseProtocol(loop), len(call.body) + 1, loop=loop)
    stream.feed_data(call.body)
    stream.feed_eof()
    fields: dict[str, bytes] = {}
    content, mimetype = b"", "text/plain"
    async for part in MultipartReader({"Content-Type": call.headers["content-type"]}, stream):
        assert isinstance(part, BodyPartReader)
        read = bytes(await part.read())
        if part.filename is None:
            fields[part.name or ""] = read
        else:
            content, mimetype = read, part.headers.get("Content-Type", mimetype)
    seconds = fields.get("cacheControl", b"").decode()
    return Upload(
        content=content,
        mimetype=mimetype,
        cache_control=f"max-age={seconds}" if seconds else "no-cache",
        user_metadata=json.loads(fields.get("metadata", b"{}")),
    )
