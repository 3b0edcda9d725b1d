"""REST and Auth: requests are passed on to lite, with the answers of hosted projects where lite's differ."""

import json
from typing import Any

import aiohttp
from yarl import URL

from tests.supabase.gateway.exchange import Call, Reply, as_json
from tests.supabase.gateway.tokens import is_key, shortened, token_of

_PASSED_ON = {
    "accept", "accept-profile", "authorization", "content-profile", "content-type", "prefer", "range",
    "range-unit", "user-agent", "x-client-info", "x-supabase-api-version",
}  # fmt: skip
_DROPPED = {"connection", "content-encoding", "content-length", "date", "keep-alive", "transfer-encoding"}


class Forward:
    """The services behind `/rest/v1` and `/auth/v1`.

    Args:
        address: Of lite.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = aiohttp.ClientSession(auto_decompress=True)
        self.token_seconds: float | None = None

    async def answer(self, call: Call) -> Reply:
        """What a hosted project would answer."""
        key = call.headers.get("apikey") or call.argument("apikey")
        if not is_key(key):
            return _no_key(key)
        headers = {name: value for name, value in call.headers.items() if name in _PASSED_ON}
        kind, _, token = headers.get("authorization", "").partition(" ")
        headers["authorization"] = f"{kind or 'Bearer'} {token_of(token or key)}"
        address = f"{self._address}{call.path}" + (f"?{call.query}" if call.query else "")
        async with self._client.request(
            call.method, URL(address, encoded=True), headers=headers, data=call.body or None
        ) as answer:
            kept = {name.lower(): value for name, value in answer.headers.items()}
            kept = {name: value for name, value in kept.items() if name not in _DROPPED}
            reply = Reply(status=answer.status, headers=kept, body=await answer.read())
        return self._with_short_token(reply) if call.path.startswith("/auth/") else reply

    async def close(self) -> None:
        await self._client.close()

    def _with_short_token(self, reply: Reply) -> Reply:
        """A session whose access token expires as soon as a test has asked for."""
        if self.token_seconds is None or b'"access_token"' not in reply.body:
            return reply
        session: dict[str, Any] = json.loads(reply.body)
        lacking = session["expires_in"] - self.token_seconds
        session["access_token"] = shortened(session["access_token"], self.token_seconds)
        session["expires_in"] = int(self.token_seconds)
        session["expires_at"] = int(session["expires_at"] - lacking)
        return as_json(session, reply.status)


def _no_key(key: str) -> Reply:
    if not key:
        hint = "No `apikey` request header or url param was found."
        return as_json({"message": "No API key found in request", "hint": hint}, 401)
    hint = "Double check your Supabase `anon` or `service_role` API key."
    return as_json({"message": "Invalid API key", "hint": hint}, 401)
