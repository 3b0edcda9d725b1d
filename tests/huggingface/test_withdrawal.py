"""What the gate refuses is not published, however late it says so, and is withdrawn to the last image."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from medsynth_aug import FakeSynthesizer
from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientSettings, Population, make_patients
from medsynth_aug.errors import HubUnreachableError, PublishError
from medsynth_aug.review import ReviewStore
from medsynth_huggingface import Corpus
from medsynth_huggingface.from_bank import corpus_of
from tests.huggingface import tasks
from tests.huggingface.client import Client
from tests.huggingface.hub.state import Fault, Hub
from tests.huggingface.material import ReviewGate, virtual_corpus


def test_an_approval_revoked_while_files_are_sent_stops_the_commit(
    hub: Hub, client: Client, tmp_path: Path
) -> None:
    corpus = virtual_corpus(tmp_path, count=2)
    bank, gone = tmp_path / "bank", corpus.digests[0]
    reviews = ReviewStore(SampleBank(bank))
    reader = reviews.enrol("Dr A")
    verdicts = {one: reviews.record(one, reader, "approve") for one in corpus.digests}

    def revoke() -> None:
        hub.on_upload = None
        ReviewStore(SampleBank(bank)).revoke(verdicts[gone].id, "seen too late")

    hub.on_upload = revoke
    with pytest.raises(PublishError, match=rf"refuses by now .*{gone[:12]}: its review is .*run the same"):
        client(tasks.push, corpus, "lab/late", gate=ReviewGate(bank))
    assert set(hub.repository("lab/late").files()) == {".gitattributes"}
    report = client(tasks.push, corpus, "lab/late", gate=ReviewGate(bank))
    assert (report.images, [one for one, _ in report.left_out]) == (1, [gone])


def test_the_last_images_are_withdrawn_and_can_come_back(hub: Hub, client: Client, few: Corpus) -> None:
    client(tasks.push, replace(few, notice="Made for a test."), "lab/last")
    assert "NOTICE.md" in hub.repository("lab/last").files()
    refusing = dict.fromkeys(few.digests, "revoked")
    report = client(tasks.push, few, "lab/last", refusing, note="all revoked", withdraw=True)
    assert (report.tag, report.images, report.withdrawn) == ("v2", 0, tuple(sorted(few.digests)))
    files = hub.repository("lab/last").files()
    assert set(files) == {".gitattributes", "README.md", "manifest.json"}
    assert json.loads(files["manifest.json"])["changes"][-1]["withdrawn"] == list(report.withdrawn)
    assert all(one[:12] in files["README.md"].decode() for one in few.digests)
    with pytest.raises(FileNotFoundError):
        client(tasks.load, "lab/last")
    again = client(tasks.push, few, "lab/last", refusing)
    assert (again.tag, again.changed, again.images) == ("v2", False, 0)
    assert client(tasks.push, few, "lab/last").tag == "v3"
    assert sum(len(rows) for rows in client(tasks.load, "lab/last").values()) == len(few.digests)


def test_a_withdrawal_that_died_before_the_tag_gets_it_from_the_next_run(
    hub: Hub, client: Client, few: Corpus
) -> None:
    client(tasks.push, few, "lab/died")
    hub.faults.append(Fault("POST", "/tag/", 500, times=1000))
    refusing = dict.fromkeys(few.digests, "revoked")
    with pytest.raises(HubUnreachableError):
        client(tasks.push, few, "lab/died", refusing, withdraw=True)
    hub.faults.clear()
    held = hub.repository("lab/died")
    assert set(held.tags) == {"v1"} and not [one for one in held.files() if one.endswith(".parquet")]
    again = client(tasks.push, few, "lab/died", refusing)
    assert not again.changed and held.tags["v2"] == again.commit == held.branches["main"]


def test_where_nothing_is_published_a_refusal_of_all_makes_no_repository(
    hub: Hub, client: Client, few: Corpus
) -> None:
    with pytest.raises(PublishError, match=r"no image may be published .*: revoked"):
        client(tasks.push, few, "lab/never", dict.fromkeys(few.digests, "revoked"))
    assert not hub.repositories


def test_the_command_withdraws_the_last_image(hub: Hub, client: Client, tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank")
    settings = PatientSettings(side_px=64, least_lung_dice=0.0)
    one = Population(follow_up_share=0.0)
    make_patients(bank, FakeSynthesizer(), one, 1, settings=settings, progress=False)
    (digest,) = corpus_of(bank).digests
    client(tasks.push, corpus_of(bank), "lab/told")
    asked = ("publish", "lab/told", "--bank", str(bank.path))
    code, said = client(tasks.command, *asked)
    assert code == 2 and "1 of 1 published images would be withdrawn" in said and "--withdraw" in said
    code, said = client(tasks.command, *asked, "--withdraw")
    assert code == 0 and f"withdrawn: {digest[:12]}" in said and "0 images: lab/told v2" in said
    assert not [name for name in hub.repository("lab/told").files() if name.endswith(".parquet")]
    code, said = client(tasks.command, *asked)
    assert code == 0 and "lab/told v2 holds no image already" in said
