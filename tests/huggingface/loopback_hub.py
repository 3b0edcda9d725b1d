"""A Hub on this machine that speaks the real protocol, for the real clients; faults can be asked for."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.huggingface.hub_state import Files, Refused, Repository, blob_id, entry, is_large, sha256, tree

WRITER, READER = "hf_writer0123456789abcdefghij", "hf_reader0123456789abcdefghij"
KINDS = {"datasets": "dataset", "models": "model"}


@dataclass
class Fault:
    """Something that goes wrong.

    Args:
        method: HTTP method.
        path: Pattern of the path.
        status: Answered instead; 0 cuts the connection in the middle of the upload.
        times: How often.
    """

    method: str
    path: str
    status: int
    times: int = 1


@dataclass
class Hub:
    """The state of a loopback Hub; tests look into it and change it."""

    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    on_commit: Callable[[Files], None] | None = None
    on_upload: Callable[[], None] | None = None
    url: str = ""

    def repository(self, name: str, kind: str = "dataset") -> Repository:
        return self.repositories[kind, name]

    def count(self, pattern: str) -> int:
        """How many requests so far match, as "METHOD /path"."""
        return sum(re.match(pattern, one) is not None for one in self.requests)

    def forget(self) -> None:
        """Begin anew, so that tests do not see each other."""
        for held in (self.repositories, self.blobs, self.faults, self.requests):
            held.clear()
        self.on_commit = self.on_upload = None


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A Hub that answers until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
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
            for method, pattern, answer in _ROUTES:
                match = re.fullmatch(pattern, path)
                if match and self.command in method.split():
                    answer(self, **{name: unquote(text or "") for name, text in match.groupdict().items()})
                    return
            raise Refused(404, "", f"the loopback Hub does not know {self.command} {path}")
        except Refused as problem:
            headers = {"X-Error-Message": problem.message, "X-Request-Id": "r"}
            if problem.code:
                headers["X-Error-Code"] = problem.code
            self._json({"error": problem.message}, problem.status, headers)

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

    def _send(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _json(self, data: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(json.dumps(data).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def _token(self) -> str:
        return (self.headers.get("authorization") or "").removeprefix("Bearer ")

    def _may_write(self) -> None:
        if self._token() not in (WRITER, READER):
            raise Refused(401, "", "Invalid username or password.")
        if self._token() != WRITER:
            raise Refused(
                403, "", "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request"
            )

    def _repository(self, kind: str, name: str) -> Repository:
        found = self.hub.repositories.get((KINDS.get(kind, "model"), name))
        if found is None or (found.private and self._token() not in (WRITER, READER)):
            raise Refused(
                404 if self._token() in (WRITER, READER) else 401, "RepoNotFound", "Repository not found"
            )
        return found

    def whoami(self) -> None:
        if self._token() not in (WRITER, READER):
            raise Refused(401, "", "Invalid credentials in Authorization header")
        self._json({"type": "user", "name": "tester", "orgs": [{"name": "lab"}]})

    def create(self) -> None:
        self._may_write()
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or 'tester'}/{asked['name']}"
        kind = asked.get("type", "model")
        url = f"{self.hub.url}/{'datasets/' if kind == 'dataset' else ''}{name}"
        if (kind, name) in self.hub.repositories:
            self._json({"error": "You already created this dataset repo", "url": url}, 409)
            return
        private = asked.get("private") or asked.get("visibility") == "private"
        made = self.hub.repositories[kind, name] = Repository(private=bool(private))
        made.branches["main"] = made.commit({".gitattributes": b"*.parquet filter=lfs\n"}, "initial commit")
        self._json({"url": url, "name": name, "id": name})

    def info(self, kind: str, name: str, revision: str = "main") -> None:
        found = self._repository(kind, name)
        sha = found.resolve(revision or "main")
        self._json({
            "_id": "x", "id": name, "author": name.split("/")[0], "sha": sha, "private": found.private,
            "gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0, "cardData": {},
            "lastModified": "2026-11-23T06:00:00.000Z", "createdAt": "2026-11-23T06:00:00.000Z",
            "siblings": [{"rfilename": one} for one in sorted(found.commits[sha])],
        })  # fmt: skip

    def preupload(self, kind: str, name: str, revision: str) -> None:
        found = self._repository(kind, name)
        if "create_pr" not in self.query:
            self._may_write()
        there = found.files(revision)
        self._json({"commitOid": found.resolve(revision), "files": [
            {
                "path": one["path"], "uploadMode": "lfs" if is_large(one["path"]) else "regular",
                "shouldIgnore": False, "oid": _held_id(one["path"], there),
            }
            for one in json.loads(self.body)["files"]
        ]})  # fmt: skip

    def batch(self, kind: str, name: str) -> None:
        self._repository(kind, name)
        objects = []
        for one in json.loads(self.body)["objects"]:
            answer = {"oid": one["oid"], "size": one["size"], "authenticated": True}
            if one["oid"] not in self.hub.blobs:
                href = f"{self.hub.url}/lfs/{one['oid']}?X-Amz-Signature=secret-of-the-upload"
                verify = {"href": f"{self.hub.url}/lfs-verify", "header": {}}
                answer["actions"] = {"upload": {"href": href, "header": {}}, "verify": verify}
            objects.append(answer)
        self._json({"transfer": "basic", "objects": objects})

    def upload(self, oid: str) -> None:
        if sha256(self.body) != oid:
            raise Refused(400, "", "checksum does not match")
        self.hub.blobs[oid] = self.body
        if self.hub.on_upload is not None:
            self.hub.on_upload()
        self._send(b"")

    def verify(self) -> None:
        asked = json.loads(self.body)
        if len(self.hub.blobs.get(asked["oid"], b"")) != asked["size"]:
            raise Refused(404, "", "not uploaded")
        self._json({})

    def commit(self, kind: str, name: str, revision: str) -> None:
        found = self._repository(kind, name)
        as_pull_request = "create_pr" in self.query
        if not as_pull_request:
            self._may_write()
        lines = [json.loads(line) for line in self.body.splitlines() if line]
        header = lines[0]["value"]
        head = found.resolve(revision)
        if header.get("parentCommit") not in (None, head) and not as_pull_request:
            raise Refused(412, "", "A commit has happened since. Please refresh and try again.")
        files = dict(found.commits[head])
        for line in lines[1:]:
            _apply(files, line["key"], line["value"], self.hub.blobs)
        if self.hub.on_commit is not None:
            self.hub.on_commit(files)
        sha = found.commit(files, header["summary"])
        url = f"{self.hub.url}/datasets/{name}"
        answer = {"success": True, "commitOid": sha, "commitUrl": f"{url}/commit/{sha}", "hookOutput": ""}
        if as_pull_request:
            number = len(found.pull_requests) + 1
            found.pull_requests[f"refs/pr/{number}"] = sha
            answer["pullRequestUrl"] = f"{url}/discussions/{number}"
        elif revision in found.pull_requests:
            found.pull_requests[revision] = sha
        else:
            found.branches[revision] = sha
        self._json(answer)

    def yaml(self) -> None:
        self._json({"errors": [], "warnings": []})

    def tree(self, kind: str, name: str, revision: str, under: str = "") -> None:
        files = self._repository(kind, name).files(revision)
        self._json(tree(files, under, self.query.get("recursive", ["false"])[0].lower() == "true"))

    def paths(self, kind: str, name: str, revision: str) -> None:
        files = self._repository(kind, name).files(revision)
        wanted = (
            json.loads(self.body)["paths"]
            if self.body.startswith(b"{")
            else parse_qs(self.body.decode())["paths"]
        )
        folders = {path.rsplit("/", 1)[0] for path in files if "/" in path}
        shown = [entry(one, files[one]) for one in wanted if one in files]
        shown += [
            {"type": "directory", "oid": blob_id(one.encode()), "size": 0, "path": one}
            for one in wanted if one in folders
        ]  # fmt: skip
        self._json(shown)

    def refs(self, kind: str, name: str) -> None:
        found = self._repository(kind, name)
        named = {
            "branches": ("refs/heads/", found.branches), "tags": ("refs/tags/", found.tags),
            "pullRequests": ("", found.pull_requests),
        }  # fmt: skip
        self._json({"converts": [], **{
            part: [{"name": one, "ref": start + one, "targetCommit": sha} for one, sha in names.items()]
            for part, (start, names) in named.items()
        }})  # fmt: skip

    def tag(self, kind: str, name: str, revision: str) -> None:
        self._may_write()
        found, asked = self._repository(kind, name), json.loads(self.body)
        if asked["tag"] in found.tags:
            raise Refused(409, "", "Tag reference exists already")
        found.tags[asked["tag"]] = found.resolve(revision)
        self._json({})

    def resolve(self, name: str, revision: str, path: str, kind: str = "models") -> None:
        found = self._repository((kind or "models").rstrip("/"), name)
        sha = found.resolve(revision)
        content = found.commits[sha].get(path)
        if content is None:
            raise Refused(404, "EntryNotFound", "Entry not found")
        tag = sha256(content) if is_large(path) else blob_id(content)
        headers = {
            "X-Repo-Commit": sha, "ETag": f'"{tag}"', "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }  # fmt: skip
        if is_large(path):
            headers |= {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(len(content))}
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range") or "")
        if span is None:
            self._send(content, headers=headers)
            return
        first, last = int(span[1]), min(int(span[2] or len(content)), len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self._send(content[first : last + 1], 206, headers)


def _held_id(path: str, files: Files) -> str | None:
    if path not in files:
        return None
    return sha256(files[path]) if is_large(path) else blob_id(files[path])


def _apply(files: Files, key: str, value: dict[str, Any], blobs: dict[str, bytes]) -> None:
    """One line of a commit."""
    if key == "file":
        files[value["path"]] = base64.b64decode(value["content"])
    elif key == "lfsFile":
        if value["oid"] not in blobs:
            raise Refused(400, "", f"{value['path']} was not uploaded")
        files[value["path"]] = blobs[value["oid"]]
    elif key == "deletedFile":
        if files.pop(value["path"], None) is None:
            raise Refused(404, "EntryNotFound", "A file with this name doesn't exist")
    elif key == "deletedFolder":
        for path in [one for one in files if one.startswith(value["path"].rstrip("/") + "/")]:
            del files[path]


_REPO = r"/api/(?P<kind>datasets|models)/(?P<name>[^/]+/[^/]+)"
_ROUTES: list[tuple[str, str, Callable[..., None]]] = [
    ("GET", "/api/whoami-v2", _Handler.whoami),
    ("POST", "/api/repos/create", _Handler.create),
    ("POST", "/api/validate-yaml", _Handler.yaml),
    ("GET", _REPO, _Handler.info),
    ("GET", _REPO + "/revision/(?P<revision>[^/]+)", _Handler.info),
    ("GET", _REPO + "/refs", _Handler.refs),
    ("GET", _REPO + "/tree/(?P<revision>[^/]+)(?:/(?P<under>.+))?", _Handler.tree),
    ("POST", _REPO + "/paths-info/(?P<revision>[^/]+)", _Handler.paths),
    ("POST", _REPO + "/preupload/(?P<revision>[^/]+)", _Handler.preupload),
    ("POST", _REPO + "/commit/(?P<revision>[^/]+)", _Handler.commit),
    ("POST", _REPO + "/tag/(?P<revision>[^/]+)", _Handler.tag),
    ("POST", r"/(?:(?P<kind>datasets)/)?(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch", _Handler.batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", _Handler.upload),
    ("POST", "/lfs-verify", _Handler.verify),
    (
        "GET HEAD",
        r"/(?P<kind>datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
        _Handler.resolve,
    ),
]
