"""What a verdict given elsewhere may and may not change, and that banks decide alike, as they always did."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import samples
from medsynth_aug.errors import SettingError
from medsynth_aug.review import Reason, Reviewer, ReviewPolicy, ReviewStore, Verdict
from tests.bank.backends import FILES, POSTGRES
from tests.bank.material import sample
from tests.review.former import Former

NUMBERS = count(1000)


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def digest(bank: SampleBank) -> str:
    made = sample()
    bank.add(made)
    return made.digest


@pytest.fixture
def anna(store: ReviewStore) -> Reviewer:
    return store.enrol("Anna", id=str(uuid.uuid4()))


def elsewhere(
    store: ReviewStore, digest: str, reader: Reviewer, outcome: str = "approve", **parts: Any
) -> Verdict:
    """A verdict as another machine would have stored it."""
    reasons = () if outcome == "approve" else (Reason.DUPLICATE,)
    own: dict[str, Any] = {
        "id": str(uuid.uuid4()), "sample": digest, "reviewer": reader.id, "outcome": outcome,
        "reasons": reasons, "comment": "", "plausibility": None, "seconds": None,
        "at": datetime.now(UTC), "adjudicates": False, "supersedes": None, "revoked_at": None,
    }  # fmt: skip
    own |= {"file_digest": store.file_digest(digest)} if digest in store.bank else {}
    return Verdict(**(own | parts))


def column(bank: SampleBank, digest: str) -> str | None:
    with bank.database.reading() as connection:
        return connection.execute(select(samples.c.acceptance).where(samples.c.digest == digest)).scalar()


def test_what_was_said_of_other_pixels_is_kept_and_changes_nothing(
    store: ReviewStore, digest: str, anna: Reviewer
) -> None:
    here = store.record(digest, anna, "reject", reasons=["duplicate"])
    there = elsewhere(store, digest, anna, file_digest="e" * 64, supersedes=here.id)
    assert store.absorb(there)
    assert store.history(digest) == (here, there)
    assert store.decision(digest).counted == (here,)


def test_nobody_replaces_what_another_reader_said(store: ReviewStore, digest: str, anna: Reviewer) -> None:
    said = store.record(digest, anna, "reject", reasons=["duplicate"])
    store.absorb(elsewhere(store, digest, store.enrol("Ben"), supersedes=said.id))
    assert store.decision(digest).state == "disputed"


def test_a_verdict_by_a_fast_clock_waits_for_its_sample(store: ReviewStore, anna: Reviewer) -> None:
    made = sample(7)
    store.bank.add(made)
    pixels = store.file_digest(made.digest)
    store.bank.forget(made.digest)
    ahead = datetime.now(UTC) + timedelta(minutes=1)
    assert store.absorb(elsewhere(store, made.digest, anna, file_digest=pixels, at=ahead))
    store.bank.add(made)
    assert store.settle() == [made.digest]
    assert store.decision(made.digest).state == column(store.bank, made.digest) == "approved"


def test_what_is_said_here_comes_after_what_a_fast_clock_said(
    store: ReviewStore, digest: str, anna: Reviewer
) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    eva = store.enrol("Eva", senior=True)
    store.record(digest, store.enrol("Ben"), "approve")
    store.absorb(elsewhere(store, digest, anna, "reject", at=ahead))
    settled = store.record(digest, eva, "approve")
    assert settled.adjudicates and settled.at > ahead
    assert store.decision(digest).state == "approved"
    assert store.revoke(settled.id, "in haste").revoked_at > settled.at  # type: ignore[operator]
    changed = store.record(digest, anna, "approve")
    assert changed.at > settled.at and store.decision(digest).state == "approved"


def test_a_settlement_outlives_the_verdicts_that_it_settled(
    store: ReviewStore, digest: str, anna: Reviewer
) -> None:
    first = store.record(digest, anna, "approve")
    store.record(digest, store.enrol("Ben"), "reject", reasons=["duplicate"])
    assert store.record(digest, store.enrol("Eva", senior=True), "approve").adjudicates
    store.revoke(first.id, "wrong patient opened")
    assert store.decision(digest).state == "approved"


def test_a_revocation_given_elsewhere_revives_nothing(
    store: ReviewStore, digest: str, anna: Reviewer
) -> None:
    at = datetime.now(UTC)
    store.absorb(elsewhere(store, digest, anna, at=at))
    last = elsewhere(store, digest, anna, "reject", at=at + timedelta(seconds=1))
    store.absorb(last)
    store.absorb_revocation(last.id, "in haste", at + timedelta(seconds=2))
    assert store.decision(digest).state == "pending"


READERS = {"Anna": False, "Ben": False, "Eva": True, "Kim": True}

STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(READERS)), st.booleans()),
        st.integers(min_value=0, max_value=9),  # takes back the verdict of that number, if it stands
    ),
    min_size=1,
    max_size=10,
)

POLICIES = [
    ReviewPolicy(),
    ReviewPolicy(approvals=2, readers=3),
    ReviewPolicy(approvals=2, readers=3, adjudication=False),
    ReviewPolicy(approvals=2, readers=2, senior_required=True),
]


@dataclass(frozen=True)
class Pair:
    """Two banks with the same readers and policy: in one verdicts are given, to the other they come."""

    here: ReviewStore
    there: ReviewStore
    policy: ReviewPolicy


@pytest.fixture(scope="module", params=POLICIES, ids=repr)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("pair")
    here, there = (ReviewStore(SampleBank(folder / name)) for name in ("here", "there"))
    for name, senior in READERS.items():
        there.enrol(name, senior=senior, id=here.enrol(name, senior=senior).id)
    for store in (here, there):
        store.set_policy(request.param)
    yield Pair(here, there, request.param)
    for store in (here, there):
        store.bank.close()


@given(steps=STEPS, chance=st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_banks_that_hold_the_same_verdicts_decide_alike_and_as_they_were_recorded(
    pair: Pair, steps: list[Any], chance: Any
) -> None:
    made = sample(next(NUMBERS))
    for store in (pair.here, pair.there):
        store.bank.add(made)
    assert pair.here.file_digest(made.digest) == pair.there.file_digest(made.digest)
    former = Former(pair.policy, {pair.here.reviewer(name).id for name, senior in READERS.items() if senior})
    given_: list[Verdict] = []
    taken_back: dict[str, datetime] = {}
    for step in steps:
        if isinstance(step, tuple):
            name, approves = step
            reasons = [] if approves else ["duplicate"]
            outcome: Any = "approve" if approves else "reject"
            verdict = pair.here.record(made.digest, pair.here.reviewer(name), outcome, reasons=reasons)
            former.record(verdict)
            given_.append(verdict)
        elif step < len(given_) and given_[step].id not in taken_back:
            revoked_at = pair.here.revoke(given_[step].id, "in haste").revoked_at
            assert revoked_at is not None
            taken_back[given_[step].id] = revoked_at
            former.revoke(given_[step].id)
        decision = pair.here.decision(made.digest)
        assert (decision.state, [one.id for one in decision.counted]) == former.decision()
    arriving: list[Any] = [*given_, *taken_back]
    chance.shuffle(arriving)
    while arriving:  # a revocation that comes before its verdict is told to come again
        again = []
        for one in arriving:
            try:
                if isinstance(one, Verdict):
                    pair.there.absorb(one)
                else:
                    pair.there.absorb_revocation(one, "in haste", taken_back[one])
            except SettingError:
                again.append(one)
        arriving = again
    assert pair.there.decision(made.digest) == pair.here.decision(made.digest)
    assert column(pair.there.bank, made.digest) == column(pair.here.bank, made.digest)
