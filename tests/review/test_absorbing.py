"""Verdicts given elsewhere: the same ones come to the same decision, in whatever order they arrive."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import events_after
from medsynth_aug.errors import SettingError
from medsynth_aug.review import Reason, Reviewer, ReviewPolicy, ReviewStore, Verdict
from tests.bank.backends import FILES, POSTGRES
from tests.bank.material import sample

MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def digest(store: ReviewStore) -> str:
    held = sample()
    store.bank.add(held)
    return held.digest


def given_elsewhere(store: ReviewStore, digest: str, reader: Reviewer, outcome: str = "approve") -> Verdict:
    return Verdict(
        id=str(uuid.uuid4()), sample=digest, reviewer=reader.id, outcome=outcome,  # type: ignore[arg-type]
        reasons=() if outcome == "approve" else (Reason.DUPLICATE,), comment="", plausibility=4, seconds=3.0,
        at=datetime.now(UTC), adjudicates=False, supersedes=None, revoked_at=None,
        file_digest=store.file_digest(digest),
    )  # fmt: skip


def test_a_verdict_of_an_enrolled_reader_counts_once_under_its_own_id(
    store: ReviewStore, digest: str
) -> None:
    anna = store.enrol("Anna", id=str(uuid.uuid4()))
    verdict = given_elsewhere(store, digest, anna)
    before = events_after(store.bank, 0)[-1].id
    assert store.absorb(verdict) and not store.absorb(verdict)
    assert not store.absorb(replace(verdict, outcome="reject", reasons=(Reason.OTHER,), comment="forged"))
    assert store.history(digest) == (verdict,) and store.decision(digest).state == "approved"
    told = [(one.kind, one.subject) for one in events_after(store.bank, before)]
    assert told == [("verdict", verdict.id), ("acceptance", digest)]


def test_one_approval_from_elsewhere_is_one_of_two(store: ReviewStore, digest: str) -> None:
    store.set_policy(ReviewPolicy(approvals=2, readers=2))
    anna = store.enrol("Anna")
    store.absorb(replace(given_elsewhere(store, digest, anna), adjudicates=True))
    assert store.decision(digest).state == "pending"
    store.absorb(given_elsewhere(store, digest, anna))
    assert store.decision(digest).state == "pending"


def test_strangers_and_the_retired_do_not_count(store: ReviewStore, digest: str) -> None:
    anna = store.enrol("Anna")
    verdict = given_elsewhere(store, digest, anna)
    stranger = replace(verdict, reviewer=str(uuid.uuid4()))
    with pytest.raises(SettingError, match="counts only if its reader is enrolled here under that id"):
        store.absorb(stranger)
    retired = store.retire(anna)
    assert retired.retired_at is not None
    with pytest.raises(SettingError, match="Anna had retired when the verdict was given"):
        store.absorb(replace(verdict, at=retired.retired_at + timedelta(seconds=1)))
    assert store.history(digest) == ()
    assert store.absorb(replace(verdict, at=retired.retired_at - timedelta(seconds=1)))
    assert store.decision(digest).state == "approved"
    assert not store.absorb(replace(verdict, at=retired.retired_at + timedelta(seconds=1)))  # held: no news


def test_a_verdict_on_other_pixels_is_kept_and_does_not_count(store: ReviewStore, digest: str) -> None:
    verdict = replace(given_elsewhere(store, digest, store.enrol("Anna")), file_digest="0" * 64)
    assert store.absorb(verdict)
    assert store.history(digest) == (verdict,) and store.decision(digest).state == "pending"


def test_a_verdict_on_a_sample_that_comes_later_counts_then(store: ReviewStore, digest: str) -> None:
    verdict = given_elsewhere(store, digest, store.enrol("Anna"))
    held = store.bank.get(digest)
    store.bank.forget(digest)
    assert store.absorb(verdict) and store.history(digest) == (verdict,)
    store.bank.add(held)
    assert store.decision(digest).state == "approved"
    assert store.settle() == [digest] and store.undecided() == []
    assert events_after(store.bank, 0)[-1].kind == "acceptance"
    assert store.settle() == []


def test_a_verdict_that_is_told_again_settles_a_sample_that_came_back(
    store: ReviewStore, digest: str
) -> None:
    verdict = given_elsewhere(store, digest, store.enrol("Anna"))
    held = store.bank.get(digest)
    assert store.absorb(verdict)
    store.bank.forget(digest)
    store.bank.add(held)
    assert store.undecided() == [digest]
    assert not store.absorb(verdict)
    assert store.undecided() == []


def test_what_contradicts_itself_is_refused(store: ReviewStore, digest: str) -> None:
    verdict = given_elsewhere(store, digest, store.enrol("Anna"))
    with pytest.raises(SettingError, match="an approval gives no reasons"):
        store.absorb(replace(verdict, reasons=(Reason.OTHER,), comment="x"))
    with pytest.raises(SettingError, match="plausibility is 6"):
        store.absorb(replace(verdict, plausibility=6))
    for name, wrong in (("id", "7"), ("reviewer", "Anna"), ("supersedes", verdict.id.upper())):
        with pytest.raises(SettingError, match=f"{name} of the verdict is '{wrong}'; it is a UUID"):
            store.absorb(replace(verdict, **{name: wrong}))
    for name in ("sample", "file_digest"):
        with pytest.raises(SettingError, match=f"{name} of the verdict is 'x'; it is a SHA-256"):
            store.absorb(replace(verdict, **{name: "x"}))
    assert store.history(digest) == ()


def test_a_revocation_from_elsewhere_counts_once(store: ReviewStore, digest: str) -> None:
    verdict = given_elsewhere(store, digest, store.enrol("Anna"))
    with pytest.raises(SettingError, match="take in the verdict first"):
        store.absorb_revocation(verdict.id, "a slip", MORNING)
    store.absorb(verdict)
    with pytest.raises(SettingError, match="needs a reason"):
        store.absorb_revocation(verdict.id, " ", MORNING)
    assert store.absorb_revocation(verdict.id, "a slip", MORNING)
    assert not store.absorb_revocation(verdict.id, "again", MORNING)
    assert store.verdict(verdict.id).revoked_at == MORNING
    assert store.decision(digest).state == "pending"


def test_an_id_is_one_readers_and_well_formed(store: ReviewStore) -> None:
    anna = store.enrol("Anna", id=str(uuid.uuid4()))
    with pytest.raises(SettingError, match=f"'Anna' is enrolled under the id {anna.id} already"):
        store.enrol("Ben", id=anna.id)
    with pytest.raises(SettingError, match="'anna@clinic' is no id of a reader; it is a UUID"):
        store.enrol("Ben", id="anna@clinic")
    assert [one.name for one in store.reviewers] == ["Anna"]


@pytest.fixture(scope="module")
def two_banks(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReviewStore, ReviewStore]:
    """Two banks with three readers and a senior each, and one policy."""
    stores = [ReviewStore(SampleBank(tmp_path_factory.mktemp("banks") / "bank")) for _ in range(2)]
    ids = [str(uuid.uuid4()) for _ in range(4)]
    for store in stores:
        for number, id_ in enumerate(ids):
            store.enrol(f"reader {number}", senior=number == 0, id=id_)
        store.set_policy(ReviewPolicy(approvals=2, readers=3))
    return stores[0], stores[1]


@given(data=st.data())
def test_the_order_of_arrival_tells_nothing(
    two_banks: tuple[ReviewStore, ReviewStore], data: st.DataObject
) -> None:
    one, other = two_banks
    made = sample(len(one.bank))
    digest = made.digest
    for store in (one, other):
        store.bank.add(made)
    started = datetime.now(UTC)
    said = []
    for number in range(data.draw(st.integers(1, 6))):
        reader = data.draw(st.sampled_from(one.reviewers))
        verdict = given_elsewhere(one, digest, reader, data.draw(st.sampled_from(["approve", "reject"])))
        said.append(replace(verdict, at=started + timedelta(seconds=number)))
    revoked = data.draw(st.lists(st.sampled_from(said), unique_by=lambda verdict: verdict.id, max_size=2))
    for store in (one, other):
        for verdict in data.draw(st.permutations(said)):
            store.absorb(verdict)
        for verdict in data.draw(st.permutations(revoked)):
            store.absorb_revocation(verdict.id, "a slip", verdict.at + timedelta(seconds=1.5))
    assert one.decision(digest).state == other.decision(digest).state
    assert {verdict.id for verdict in one.decision(digest).counted} == {
        verdict.id for verdict in other.decision(digest).counted
    }


def test_what_is_recorded_here_is_decided_as_what_is_taken_in(tmp_path: Path) -> None:
    here, there = (ReviewStore(SampleBank(tmp_path / name)) for name in ("here", "there"))
    made = sample()
    for store in (here, there):
        store.bank.add(made)
    readers = [here.enrol(f"reader {number}", senior=number == 2) for number in range(3)]
    for reader in readers:
        there.enrol(reader.name, senior=reader.senior, id=reader.id)
    for reader, outcome in zip((*readers, readers[2]), ("approve", "reject", "reject", "approve")):
        reasons = () if outcome == "approve" else ("duplicate",)
        here.record(made.digest, reader, outcome, reasons=reasons)  # type: ignore[arg-type]
        for verdict in reversed(here.history(made.digest)):
            there.absorb(verdict)
        assert here.decision(made.digest).state == there.decision(made.digest).state
    assert here.decision(made.digest).state == "approved"
