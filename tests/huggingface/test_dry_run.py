"""A dry run leaves a whole folder or none, and shows what would come next where the Hub can be read."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from medsynth_aug.errors import PublishError
from medsynth_huggingface import Corpus
from tests.huggingface import tasks
from tests.huggingface.client import Client, running_client
from tests.huggingface.hub.state import READER, Hub


def test_a_dry_run_that_is_refused_leaves_nothing_so_that_its_name_is_free(
    hub: Hub, client: Client, few: Corpus, tmp_path: Path
) -> None:
    told = replace(few, recipe={"data": "/home/anna/films/0001.png"})
    with pytest.raises(PublishError, match=r"README\.md would publish a local path"):
        client(tasks.push, told, "lab/look", dry_run=tmp_path / "look")
    assert not list(tmp_path.iterdir())
    report = client(tasks.push, few, "lab/look", dry_run=tmp_path / "look")
    assert [one.name for one in tmp_path.iterdir()] == ["look"]
    assert all((tmp_path / "look" / one).is_file() for one in report.files)


@pytest.mark.parametrize(("token", "private"), [(READER, True), ("", False)])
def test_a_dry_run_shows_the_revision_that_would_follow(
    hub: Hub, client: Client, corpus: Corpus, tmp_path: Path, token: str, private: bool
) -> None:
    client(tasks.push, corpus.only(corpus.digests[:4]), "lab/next", private=private)
    before, asked = len(hub.repository("lab/next").commits), len(hub.requests)
    later, gone = corpus.only(corpus.digests[:7]), corpus.digests[0]
    report = client(
        tasks.push, later, "lab/next", {gone: "a copy"}, token=token, withdraw=True, dry_run=tmp_path / "look"
    )
    assert (report.tag, report.added, report.withdrawn, report.unread) == ("v2", 3, (gone,), "")
    told = json.loads((tmp_path / "look/manifest.json").read_text())
    assert [one["tag"] for one in told["changes"]] == ["v1", "v2"]
    assert len(hub.repository("lab/next").commits) == before
    assert all(one.split()[0] in ("GET", "HEAD") for one in hub.requests[asked:])


def test_a_dry_run_says_that_nothing_is_new_and_what_goes_only_when_asked(
    hub: Hub, client: Client, few: Corpus, tmp_path: Path
) -> None:
    client(tasks.push, few, "lab/same")
    assert not client(tasks.push, few, "lab/same", dry_run=tmp_path / "same").changed
    refusing = dict.fromkeys(few.digests, "no ancestry")
    with pytest.raises(PublishError, match="2 of 2 published images would be withdrawn"):
        client(tasks.push, few, "lab/same", refusing, dry_run=tmp_path / "look")
    report = client(tasks.push, few, "lab/same", refusing, withdraw=True, dry_run=tmp_path / "look")
    assert set(report.withdrawn) == set(few.digests) and report.files == ("README.md", "manifest.json")


def test_what_the_hub_does_not_show_is_taken_for_a_first_revision_and_said_so(
    hub: Hub, client: Client, few: Corpus, tmp_path: Path
) -> None:
    client(tasks.push, few, "lab/hidden")
    report = client(tasks.push, few, "lab/hidden", token="", dry_run=tmp_path / "look")
    assert (report.tag, report.added) == ("v1", 2) and "no such repository" in report.unread


def test_a_dry_run_needs_no_hub(few: Corpus, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with running_client(url, str(tmp_path / "home"), "") as client:
            report = client(tasks.push, few, "lab/off", dry_run=tmp_path / "look")
    assert (report.tag, report.unread) == ("v1", "the Hub cannot be reached")
