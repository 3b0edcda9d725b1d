"""A manifest on the Hub that is none is named as such, whatever is wrong with it."""

import json

import pytest

from medsynth_aug.errors import PublishError
from medsynth_huggingface import Corpus
from medsynth_huggingface.manifest import Change, Manifest
from tests.huggingface import tasks
from tests.huggingface.client import Client
from tests.huggingface.hub.state import Hub

WHOLE = Manifest(
    classes=("normal",), images={"a": "b"}, files={"images/train.parquet": "c"}, about="d",
    changes=(Change(tag="v1", date="2026-11-26", added=1, withdrawn=("e",), note="f"),),
).to_json()  # fmt: skip
CHANGE = WHOLE["changes"][0]


def test_a_whole_manifest_comes_back() -> None:
    assert Manifest.from_bytes(json.dumps(WHOLE).encode()).to_json() == WHOLE


@pytest.mark.parametrize(("content", "says"), [
    (b"{", "it is no JSON"), (b"\xff\xfe\x00", "it is no JSON"), (b"[]", "it is no JSON object"),
])  # fmt: skip
def test_a_file_that_is_no_manifest_is_told_so(content: bytes, says: str) -> None:
    with pytest.raises(PublishError, match=rf"manifest\.json .*is damaged: {says}.*restore it there"):
        Manifest.from_bytes(content)


@pytest.mark.parametrize("lost", ["classes", "images", "files", "about", "changes"])
def test_a_part_that_is_missing_is_named(lost: str) -> None:
    with pytest.raises(PublishError, match=f"is damaged: {lost} is missing"):
        Manifest.from_json({name: value for name, value in WHOLE.items() if name != lost})


@pytest.mark.parametrize(("wrong", "says"), [
    ({"images": []}, "images is missing or no dict"), ({"images": {"a": 1}}, "images holds what is no text"),
    ({"classes": [1]}, "classes holds what is no text"), ({"changes": []}, "changes is empty"),
    ({"changes": ["v1"]}, "changes holds what is no JSON object"),
    ({"changes": [{**CHANGE, "withdrawn": None}]}, "withdrawn is missing or no list"),
])  # fmt: skip
def test_a_part_that_is_wrong_is_named(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(PublishError, match=f"is damaged: {says}"):
        Manifest.from_json({**WHOLE, **wrong})


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"schema": 1}'])
def test_a_damaged_manifest_on_the_hub_stops_the_push(
    hub: Hub, client: Client, few: Corpus, content: bytes
) -> None:
    client(tasks.push, few.only(few.digests[:1]), "lab/damaged")
    held = hub.repository("lab/damaged")
    held.branches["main"] = held.commit({**held.files(), "manifest.json": content})
    before = dict(held.files())
    with pytest.raises(PublishError, match=r"manifest\.json of the repository is damaged"):
        client(tasks.push, few, "lab/damaged")
    assert held.files() == before
