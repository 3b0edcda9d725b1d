"""What a loopback Hub answers about accounts and repositories as a whole."""

import json

from tests.huggingface.hub.call import REPOSITORY, Call, Route
from tests.huggingface.hub.repository import Refused, Repository
from tests.huggingface.hub.state import READER, WRITER


def whoami(call: Call) -> None:
    if call.token() not in (WRITER, READER):
        raise Refused(401, "", "Invalid credentials in Authorization header")
    call.answer_json({"type": "user", "name": "tester", "orgs": [{"name": "lab"}]})


def create(call: Call) -> None:
    call.require_writer()
    asked = json.loads(call.body)
    name = f"{asked.get('organization') or 'tester'}/{asked['name']}"
    kind = asked.get("type", "model")
    url = f"{call.hub.url}/{'datasets/' if kind == 'dataset' else ''}{name}"
    if (kind, name) in call.hub.repositories:
        call.answer_json({"error": "You already created this dataset repo", "url": url}, 409)
        return
    private = asked.get("private") or asked.get("visibility") == "private"
    made = call.hub.repositories[kind, name] = Repository(private=bool(private))
    made.branches["main"] = made.commit({".gitattributes": b"*.parquet filter=lfs\n"}, "initial commit")
    call.answer_json({"url": url, "name": name, "id": name})


def check_card(call: Call) -> None:
    call.answer_json({"errors": [], "warnings": []})


def describe(call: Call, kind: str, name: str, revision: str = "main") -> None:
    found = call.repository(kind, name)
    sha = found.resolve(revision or "main")
    call.answer_json({
        "_id": "x", "id": name, "author": name.split("/")[0], "sha": sha, "private": found.private,
        "gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0, "cardData": {},
        "lastModified": "2026-11-23T06:00:00.000Z", "createdAt": "2026-11-23T06:00:00.000Z",
        "siblings": [{"rfilename": one} for one in sorted(found.commits[sha])],
    })  # fmt: skip


def list_refs(call: Call, kind: str, name: str) -> None:
    found = call.repository(kind, name)
    named = {
        "branches": ("refs/heads/", found.branches), "tags": ("refs/tags/", found.tags),
        "pullRequests": ("", found.pull_requests),
    }  # fmt: skip
    call.answer_json({"converts": [], **{
        part: [{"name": one, "ref": start + one, "targetCommit": sha} for one, sha in names.items()]
        for part, (start, names) in named.items()
    }})  # fmt: skip


def tag(call: Call, kind: str, name: str, revision: str) -> None:
    call.require_writer()
    found, asked = call.repository(kind, name), json.loads(call.body)
    if asked["tag"] in found.tags:
        raise Refused(409, "", "Tag reference exists already")
    found.tags[asked["tag"]] = found.resolve(revision)
    call.answer_json({})


ROUTES: list[Route] = [
    ("GET", "/api/whoami-v2", whoami),
    ("POST", "/api/repos/create", create),
    ("POST", "/api/validate-yaml", check_card),
    ("GET", REPOSITORY, describe),
    ("GET", REPOSITORY + "/revision/(?P<revision>[^/]+)", describe),
    ("GET", REPOSITORY + "/refs", list_refs),
    ("POST", REPOSITORY + "/tag/(?P<revision>[^/]+)", tag),
]
