"""One HTTP request and its answer as values, so that a request can be held back or carried out again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as it came.

    Args:
        method: HTTP method.
        path: Path as sent, percent-encoded.
        query: Query as sent, without the question mark.
        headers: Names in lower case.
        body: All bytes of it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {unquote(self.path)}"

    def argument(self, name: str) -> str:
        """The first value of this name in the query; empty if there is none."""
        return parse_qs(self.query).get(name, [""])[0]

    def data(self) -> Any:
        """The body read as JSON; an empty one is an empty object."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def as_json(data: Any, status: int = 200, **headers: str) -> Reply:
    """An answer that holds `data`."""
    kind = {"content-type": "application/json; charset=utf-8"}
    return Reply(status=status, headers=kind | headers, body=json.dumps(data, separators=(",", ":")).encode())
