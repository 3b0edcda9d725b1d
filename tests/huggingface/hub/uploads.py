"""How files get into a loopback Hub: asked about, uploaded where they are large, and committed."""

import base64
import json
from typing import Any

from tests.huggingface.hub.call import REPOSITORY, Call, Route
from tests.huggingface.hub.repository import Files, Refused, blob_id, is_large, sha256


def preupload(call: Call, kind: str, name: str, revision: str) -> None:
    found = call.repository(kind, name)
    if "create_pr" not in call.query:
        call.require_writer()
    there = found.files(revision)
    call.answer_json({"commitOid": found.resolve(revision), "files": [
        {
            "path": one["path"], "uploadMode": "lfs" if is_large(one["path"]) else "regular",
            "shouldIgnore": False, "oid": _held_id(one["path"], there),
        }
        for one in json.loads(call.body)["files"]
    ]})  # fmt: skip


def batch(call: Call, kind: str, name: str) -> None:
    call.repository(kind, name)
    objects = []
    for one in json.loads(call.body)["objects"]:
        answer = {"oid": one["oid"], "size": one["size"], "authenticated": True}
        if one["oid"] not in call.hub.blobs:
            href = f"{call.hub.url}/lfs/{one['oid']}?X-Amz-Signature=secret-of-the-upload"
            verify = {"href": f"{call.hub.url}/lfs-verify", "header": {}}
            answer["actions"] = {"upload": {"href": href, "header": {}}, "verify": verify}
        objects.append(answer)
    call.answer_json({"transfer": "basic", "objects": objects})


def upload(call: Call, oid: str) -> None:
    if sha256(call.body) != oid:
        raise Refused(400, "", "checksum does not match")
    call.hub.blobs[oid] = call.body
    if call.hub.on_upload is not None:
        call.hub.on_upload()
    call.answer(b"")


def verify(call: Call) -> None:
    asked = json.loads(call.body)
    if len(call.hub.blobs.get(asked["oid"], b"")) != asked["size"]:
        raise Refused(404, "", "not uploaded")
    call.answer_json({})


def commit(call: Call, kind: str, name: str, revision: str) -> None:
    found = call.repository(kind, name)
    as_pull_request = "create_pr" in call.query
    if not as_pull_request:
        call.require_writer()
    lines = [json.loads(line) for line in call.body.splitlines() if line]
    header = lines[0]["value"]
    head = found.resolve(revision)
    if header.get("parentCommit") not in (None, head) and not as_pull_request:
        raise Refused(412, "", "A commit has happened since. Please refresh and try again.")
    files = dict(found.commits[head])
    for line in lines[1:]:
        _apply(files, line["key"], line["value"], call.hub.blobs)
    if call.hub.on_commit is not None:
        call.hub.on_commit(files)
    sha = found.commit(files, header["summary"])
    url = f"{call.hub.url}/datasets/{name}"
    answer = {"success": True, "commitOid": sha, "commitUrl": f"{url}/commit/{sha}", "hookOutput": ""}
    if as_pull_request:
        number = len(found.pull_requests) + 1
        found.pull_requests[f"refs/pr/{number}"] = sha
        answer["pullRequestUrl"] = f"{url}/discussions/{number}"
    elif revision in found.pull_requests:
        found.pull_requests[revision] = sha
    else:
        found.branches[revision] = sha
    call.answer_json(answer)


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


ROUTES: list[Route] = [
    ("POST", REPOSITORY + "/preupload/(?P<revision>[^/]+)", preupload),
    ("POST", r"/(?:(?P<kind>datasets)/)?(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch", batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", upload),
    ("POST", "/lfs-verify", verify),
    ("POST", REPOSITORY + "/commit/(?P<revision>[^/]+)", commit),
]
