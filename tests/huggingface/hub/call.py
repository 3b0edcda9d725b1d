"""One request to a loopback Hub: read, made to fail where a test asks for it, routed and answered."""

import json
import re
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.huggingface.hub.repository import Refused, Repository
from tests.huggingface.hub.state import READER, WRITER, Fault, Hub

KINDS = {"datasets": "dataset", "models": "model"}
REPOSITORY = r"/api/(?P<kind>datasets|models)/(?P<name>[^/]+/[^/]+)"
"""Path of a repository in the API."""

Route = tuple[str, str, Callable[..., None]]
"""HTTP methods, pattern of the path, and what answers the call with the pattern's groups."""


class Call(BaseHTTPRequestHandler):
    """What a client asks, and the way to answer it."""

    hub: Hub
    routes: Sequence[Route]
    query: dict[str, list[str]]
    body: bytes
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def _serve(self) -> None:
        address = urlsplit(self.path)
        self.query = parse_qs(address.query)
        path = address.path
        self.hub.requests.append(f"{self.command} {unquote(path)}")
        length = int(self.headers.get("content-length") or 0)
        fault = self._fault(path)
        if fault is not None and fault.status == 0:
            self.rfile.read(min(length, 1024))
            self.connection.close()
            self.close_connection = True
            return
        self.body = self._chunked() if self.headers.get("transfer-encoding") else self.rfile.read(length)
        try:
            if fault is not None:
                raise Refused(
                    fault.status, "", f"asked for by a test, with {self.headers.get('authorization')}"
                )
            for methods, pattern, answer in self.routes:
                match = re.fullmatch(pattern, path)
                if match and self.command in methods.split():
                    answer(self, **{name: unquote(text or "") for name, text in match.groupdict().items()})
                    return
            raise Refused(404, "", f"the loopback Hub does not know {self.command} {path}")
        except Refused as problem:
            headers = {"X-Error-Message": problem.message, "X-Request-Id": "r"}
            if problem.code:
                headers["X-Error-Code"] = problem.code
            self.answer_json({"error": problem.message}, problem.status, headers)

    def _chunked(self) -> bytes:
        held = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            held += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return held

    def _fault(self, path: str) -> Fault | None:
        for fault in self.hub.faults:
            if fault.times > 0 and fault.method == self.command and re.search(fault.path, unquote(path)):
                fault.times -= 1
                return fault
        return None

    def answer(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def answer_json(self, data: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answer(
            json.dumps(data).encode(), status, {"Content-Type": "application/json", **(headers or {})}
        )

    def token(self) -> str:
        return (self.headers.get("authorization") or "").removeprefix("Bearer ")

    def require_writer(self) -> None:
        if self.token() not in (WRITER, READER):
            raise Refused(401, "", "Invalid username or password.")
        if self.token() != WRITER:
            raise Refused(
                403, "", "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request"
            )

    def repository(self, kind: str, name: str) -> Repository:
        found = self.hub.repositories.get((KINDS.get(kind, "model"), name))
        if found is None or (found.private and self.token() not in (WRITER, READER)):
            raise Refused(
                404 if self.token() in (WRITER, READER) else 401, "RepoNotFound", "Repository not found"
            )
        return found
