"""A gate that looks wrong withdraws nothing unasked; what readers took back goes at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import PublishError
from medsynth_aug.review import ReviewPolicy, ReviewStore
from medsynth_huggingface import Corpus
from medsynth_huggingface.revision import taken_back
from tests.huggingface import tasks
from tests.huggingface.client import Client
from tests.huggingface.hub.state import Hub
from tests.huggingface.material import ReviewGate, virtual_corpus

Change = Callable[[ReviewStore, str, str], object]


@pytest.fixture
def approved(tmp_path: Path) -> Corpus:
    """Three patients whom Dr A approved; the second and third have a lesion."""
    corpus = virtual_corpus(tmp_path, count=3)
    reviews = ReviewStore(SampleBank(tmp_path / "bank"))
    reader = reviews.enrol("Dr A")
    for digest in corpus.digests:
        reviews.record(digest, reader, "approve")
    return corpus


def reviews_of(corpus: Corpus) -> ReviewStore:
    assert isinstance(corpus.samples, SampleBank)
    return ReviewStore(corpus.samples)


def revoke(reviews: ReviewStore, digest: str) -> None:
    reviews.revoke(reviews.decision(digest).counted[0].id, "a second look")


def test_a_gate_that_refuses_everything_for_another_reason_withdraws_nothing(
    hub: Hub, client: Client, approved: Corpus
) -> None:
    client(tasks.push, approved, "lab/wrong")
    before = dict(hub.repository("lab/wrong").files())
    refusing = dict.fromkeys(approved.digests, "no ancestry is given of its engine")
    says = r"3 of 3 published images would be withdrawn, .*: no ancestry is .*nothing was .*\(--withdraw\)"
    with pytest.raises(PublishError, match=says):
        client(tasks.push, approved, "lab/wrong", refusing)
    revoke(reviews_of(approved), approved.digests[0])
    with pytest.raises(PublishError, match=r"2 of 3 .*; 1 that readers took back stay published until then"):
        client(tasks.push, approved, "lab/wrong", refusing)
    assert hub.repository("lab/wrong").files() == before and set(hub.repository("lab/wrong").tags) == {"v1"}
    assert client(tasks.push, approved, "lab/wrong", refusing, withdraw=True).withdrawn


def test_a_corpus_without_what_is_published_withdraws_nothing(
    hub: Hub, client: Client, approved: Corpus
) -> None:
    client(tasks.push, approved, "lab/other")
    with pytest.raises(PublishError, match=rf"{approved.digests[0][:12]}: it is not in this corpus"):
        client(tasks.push, approved.only(approved.digests[1:]), "lab/other")


def test_revoked_approvals_travel_at_once_up_to_the_last(
    hub: Hub, client: Client, approved: Corpus, tmp_path: Path
) -> None:
    gate = ReviewGate(tmp_path / "bank")
    client(tasks.push, approved, "lab/back", gate=gate)
    revoke(reviews_of(approved), approved.digests[0])
    assert client(tasks.push, approved, "lab/back", gate=gate).withdrawn == approved.digests[:1]
    for digest in approved.digests[1:]:
        revoke(reviews_of(approved), digest)
    report = client(tasks.push, approved, "lab/back", gate=gate)
    assert (report.images, set(report.withdrawn)) == (0, set(approved.digests[1:]))


def test_up_to_a_tenth_goes_unasked(hub: Hub, client: Client, tmp_path: Path) -> None:
    corpus = virtual_corpus(tmp_path, count=10)
    client(tasks.push, corpus, "lab/tenth")
    first, second = corpus.digests[:2]
    copies = {first: "a copy of a training film", second: "a copy of a training film"}
    with pytest.raises(PublishError, match="2 of 10 published images"):
        client(tasks.push, corpus, "lab/tenth", copies)
    assert client(tasks.push, corpus, "lab/tenth", {first: copies[first]}).withdrawn == (first,)


@pytest.mark.parametrize("change", [
    lambda reviews, image, chest: revoke(reviews, image),
    lambda reviews, image, chest: reviews.record(
        image, reviews.reviewer("Dr A"), "reject", reasons=["duplicate"]
    ),
    lambda reviews, image, chest: reviews.record(
        chest, reviews.reviewer("Dr A"), "reject", reasons=["duplicate"]
    ),
    lambda reviews, image, chest: reviews.set_policy(ReviewPolicy(approvals=2, readers=2)),
], ids=["revoked", "rejected", "painted into a rejected one", "policy"])  # fmt: skip
def test_a_changed_review_takes_an_image_back(approved: Corpus, change: Change) -> None:
    image = approved.digests[1]
    chest = approved.samples.get(image).request.source.removeprefix("sample:")
    assert not taken_back(approved.samples, [image])
    change(reviews_of(approved), image, chest)
    assert taken_back(approved.samples, [image]) == {image}


def test_a_bank_without_the_reviews_took_nothing_back(tmp_path: Path) -> None:
    corpus = virtual_corpus(tmp_path, count=1)
    assert not taken_back(corpus.samples, [*corpus.digests, "0" * 64])
