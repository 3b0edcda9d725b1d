"""What a loopback Hub answers about the files of a revision."""

import json
import re
from urllib.parse import parse_qs

from tests.huggingface.hub.call import REPOSITORY, Call, Route
from tests.huggingface.hub.repository import Refused, blob_id, entry, is_large, sha256, tree


def show_tree(call: Call, kind: str, name: str, revision: str, under: str = "") -> None:
    files = call.repository(kind, name).files(revision)
    call.answer_json(tree(files, under, call.query.get("recursive", ["false"])[0].lower() == "true"))


def show_paths(call: Call, kind: str, name: str, revision: str) -> None:
    files = call.repository(kind, name).files(revision)
    wanted = (
        json.loads(call.body)["paths"]
        if call.body.startswith(b"{")
        else parse_qs(call.body.decode())["paths"]
    )
    folders = {path.rsplit("/", 1)[0] for path in files if "/" in path}
    shown = [entry(one, files[one]) for one in wanted if one in files]
    shown += [
        {"type": "directory", "oid": blob_id(one.encode()), "size": 0, "path": one}
        for one in wanted if one in folders
    ]  # fmt: skip
    call.answer_json(shown)


def download(call: Call, name: str, revision: str, path: str, kind: str = "models") -> None:
    found = call.repository((kind or "models").rstrip("/"), name)
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
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("range") or "")
    if span is None:
        call.answer(content, headers=headers)
        return
    first, last = int(span[1]), min(int(span[2] or len(content)), len(content) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    call.answer(content[first : last + 1], 206, headers)


ROUTES: list[Route] = [
    ("GET", REPOSITORY + "/tree/(?P<revision>[^/]+)(?:/(?P<under>.+))?", show_tree),
    ("POST", REPOSITORY + "/paths-info/(?P<revision>[^/]+)", show_paths),
    (
        "GET HEAD",
        r"/(?P<kind>datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
        download,
    ),
]
