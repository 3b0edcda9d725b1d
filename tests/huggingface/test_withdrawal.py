"""What the gate refuses is not published, however late it says so, and is withdrawn to the last image."""

from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import PublishError
from medsynth_aug.review import ReviewStore
from tests.huggingface import tasks
from tests.huggingface.client import Client
from tests.huggingface.hub.state import Hub
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
