"""What goes wrong on the Hub's side has a clear message, and running the same again goes on."""

import pytest

from medsynth_aug.errors import (
    HubAccessError,
    HubConflictError,
    HubNotFoundError,
    HubUnreachableError,
    PublishError,
    SettingError,
)
from medsynth_huggingface import Corpus
from medsynth_huggingface.hub import scrubbed
from tests.huggingface import tasks
from tests.huggingface.client import Client
from tests.huggingface.hub.state import READER, WRITER, Fault, Hub


@pytest.mark.parametrize(("method", "path", "status", "error", "says"), [
    ("POST", "/repos/create", 401, HubAccessError, "not accept the token .401.; log in with `hf auth"),
    ("POST", "/commit/", 403, HubAccessError, "may not do this .403.; use a token with write access"),
    ("POST", "/preupload/", 404, HubNotFoundError, "no such repository, revision or file"),
    ("POST", "/commit/", 409, HubConflictError, "another change is under way .409."),
    ("POST", "/commit/", 412, HubConflictError, "somebody else changed the repository"),
    ("POST", "/commit/", 503, HubUnreachableError, "the Hub answers 503; what was uploaded whole stays"),
    ("PUT", "/lfs/", 500, HubUnreachableError, "the Hub answers 500"),
    ("PUT", "/lfs/", 0, HubUnreachableError, "the connection to the Hub failed"),
    ("POST", "/objects/batch", 429, HubUnreachableError, "the Hub answers 429"),
    ("POST", "/commit/", 422, PublishError, "the Hub refuses it .422."),
])  # fmt: skip
def test_each_answer_of_the_hub_has_its_message(
    hub: Hub,
    client: Client,
    few: Corpus,
    method: str,
    path: str,
    status: int,
    error: type[Exception],
    says: str,
) -> None:
    hub.faults.append(Fault(method, path, status, times=1000))
    name = f"lab/fault-{method}-{status}-{len(path)}".lower()
    with pytest.raises(error, match=f"cannot publish to {name}: .*{says}") as raised:
        client(tasks.push, few, name)
    assert type(raised.value) is error
    assert WRITER not in str(raised.value) and "secret-of-the-upload" not in str(raised.value)
    hub.faults.clear()
    assert client(tasks.push, few, name).tag == "v1"


def test_an_upload_that_is_cut_once_is_taken_up_by_the_client(hub: Hub, client: Client, few: Corpus) -> None:
    hub.faults.append(Fault("PUT", "/lfs/", 0))
    assert client(tasks.push, few, "lab/cut-once").changed
    assert not hub.faults[0].times


def test_an_interrupted_upload_goes_on_where_it_stopped(hub: Hub, client: Client, few: Corpus) -> None:
    def stop() -> None:
        if len(hub.blobs) == 3:
            hub.faults.append(Fault("PUT", "/lfs/", 0, times=1000))

    hub.on_upload = stop
    with pytest.raises(HubUnreachableError, match="run the same again and it goes on"):
        client(tasks.push, few, "lab/goes-on")
    kept = set(hub.blobs)
    assert len(kept) >= 3
    assert set(hub.repository("lab/goes-on").files()) == {".gitattributes"}
    hub.faults.clear()
    hub.on_upload = None
    before = hub.count("PUT")
    client(tasks.push, few, "lab/goes-on")
    assert hub.count("PUT") - before == len(hub.blobs) - len(kept) > 0


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(
    hub: Hub, client: Client, few: Corpus
) -> None:
    def meddle() -> None:
        held = hub.repository("lab/meddled")
        held.branches["main"] = held.commit({**held.files(), "theirs.txt": b"theirs"})
        hub.on_upload = None

    hub.on_upload = meddle
    with pytest.raises(HubConflictError, match="somebody else changed the repository meanwhile"):
        client(tasks.push, few, "lab/meddled")
    client(tasks.push, few, "lab/meddled")
    assert {"theirs.txt", "README.md"} <= set(hub.repository("lab/meddled").files())


def test_a_push_that_died_before_the_tag_gets_it_from_the_next_run(
    hub: Hub, client: Client, few: Corpus
) -> None:
    hub.faults.append(Fault("POST", "/tag/", 500, times=1000))
    with pytest.raises(HubUnreachableError):
        client(tasks.push, few, "lab/untagged")
    hub.faults.clear()
    again = client(tasks.push, few, "lab/untagged")
    assert not again.changed and hub.repository("lab/untagged").tags == {"v1": again.commit}


def test_a_push_that_died_before_the_card_was_right_is_repaired_by_the_next(
    hub: Hub, client: Client, few: Corpus
) -> None:
    def lose(files: dict[str, bytes]) -> None:
        files["README.md"] = files["README.md"].replace(b"  default: true\n", b"")
        hub.on_commit = None
        hub.faults.append(Fault("HEAD", "/README.md", 500, times=1000))

    hub.on_commit = lose
    with pytest.raises(HubUnreachableError):
        client(tasks.push, few, "lab/unrepaired")
    hub.faults.clear()
    again = client(tasks.push, few, "lab/unrepaired")
    assert again.repaired and not again.changed
    held = hub.repository("lab/unrepaired")
    assert b"default: true" in held.files("v1")["README.md"]


def test_a_tag_that_is_taken_is_refused_before_anything_is_sent(
    hub: Hub, client: Client, few: Corpus
) -> None:
    client(tasks.push, few.only(few.digests[:1]), "lab/taken", tag="final")
    puts = hub.count("PUT")
    with pytest.raises(HubConflictError, match="has a tag final already; choose another"):
        client(tasks.push, few, "lab/taken", tag="final")
    assert hub.count("PUT") == puts


def test_a_tag_of_another_revision_is_not_said_to_hold_what_is_there(
    hub: Hub, client: Client, few: Corpus
) -> None:
    first = client(tasks.push, few.only(few.digests[:1]), "lab/older")
    second = client(tasks.push, few, "lab/older")
    with pytest.raises(HubConflictError, match=f"v1 of lab/older names another revision .{first.commit[:8]}"):
        client(tasks.push, few, "lab/older", tag="v1")
    assert client(tasks.push, few, "lab/older", tag="v2").commit == second.commit
    again = client(tasks.push, few, "lab/older", tag="final")
    assert (again.changed, hub.repository("lab/older").tags["final"]) == (False, second.commit)


def test_without_a_token_nothing_is_tried(hub: Hub, client: Client, few: Corpus) -> None:
    with pytest.raises(HubAccessError, match="there is no token for the Hub; log in"):
        client(tasks.push, few, "lab/no-token", token="")
    assert not hub.requests


def test_a_token_that_may_only_read_is_told_so(hub: Hub, client: Client, few: Corpus) -> None:
    with pytest.raises(HubAccessError, match=r"the token may not do this \(403\)"):
        client(tasks.push, few, "lab/reader", token=READER)
    with pytest.raises(HubAccessError, match=r"does not accept the token \(401\)"):
        client(tasks.push, few, "lab/stranger", token="hf_stranger0123456789abcdefg")


def test_a_name_that_is_none_is_refused(client: Client, few: Corpus) -> None:
    for name in ("patients", "lab/", "a/b/c", "lab/virtual patients"):
        with pytest.raises(SettingError, match="ORGANISATION/NAME"):
            client(tasks.push, few, name)


def test_addresses_lose_their_signatures_and_texts_their_tokens() -> None:
    said = scrubbed("PUT https://store/lfs/ab?X-Amz-Signature=secret&x=1 failed for hf_another0123456789")
    assert said == "PUT https://store/lfs/ab failed for hf_***"


def test_the_token_is_in_no_log_and_no_file(hub: Hub, client: Client, few: Corpus) -> None:
    said = client(tasks.push_logged, few, "lab/quiet")
    assert "lab/quiet" in said
    assert WRITER not in said
    assert not any(WRITER.encode() in content for content in hub.repository("lab/quiet").files().values())
