"""The review store: nothing that a reader said is lost or changed, and the decision stands beside it."""

import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import samples
from medsynth_aug.errors import BankError, SettingError
from medsynth_aug.review import Reason, Reviewer, ReviewPolicy, ReviewStore
from tests.bank.backends import FILES, POSTGRES, Arguments
from tests.bank.material import rows, sample
from tests.review.workers import review_for_ever, review_together


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def digest(bank: SampleBank) -> str:
    made = sample()
    bank.add(made)
    return made.digest


def column(bank: SampleBank, digest: str) -> str | None:
    with bank.database.reading() as connection:
        return connection.execute(select(samples.c.acceptance).where(samples.c.digest == digest)).scalar()


def happened(bank: SampleBank) -> list[tuple[Any, ...]]:
    return rows(bank, "SELECT kind, subject FROM events WHERE kind != 'sample' ORDER BY id")


def test_a_verdict_decides_in_its_own_transaction(store: ReviewStore, digest: str) -> None:
    anna = store.enrol("Anna  Berg")
    assert store.decision(digest).state == "pending" and column(store.bank, digest) is None
    verdict = store.record(digest, anna, "approve", plausibility=4, seconds=12.5)
    assert (verdict.sample, verdict.reviewer, verdict.plausibility, verdict.seconds) == (
        digest, anna.id, 4, 12.5,
    )  # fmt: skip
    assert store.decision(digest).state == column(store.bank, digest) == "approved"
    assert store.decision(digest).verdicts == (verdict,) == store.history(digest)
    assert happened(store.bank) == [("reviewer", anna.id), ("verdict", verdict.id), ("acceptance", digest)]
    assert store.reviewer("anna berg") == anna == store.reviewer(anna.id)


def test_a_changed_mind_is_a_new_verdict_and_the_old_one_stays(store: ReviewStore, digest: str) -> None:
    anna = store.enrol("Anna")
    first = store.record(digest, anna, "approve")
    second = store.record(digest, anna, "reject", reasons=["other", Reason.WRONG_CLASS], comment="a rib")
    assert second.supersedes == first.id
    assert second.reasons == (Reason.WRONG_CLASS, Reason.OTHER)
    decision = store.decision(digest)
    assert decision.state == column(store.bank, digest) == "rejected"
    assert (decision.verdicts, decision.counted) == ((first, second), (second,))


def test_revocation_takes_the_decision_back_and_revives_nothing(store: ReviewStore, digest: str) -> None:
    anna = store.enrol("Anna")
    store.record(digest, anna, "approve")
    last = store.record(digest, anna, "approve")
    revoked = store.revoke(last.id, "wrong patient opened")
    assert revoked.revoked_at is not None and store.history(digest)[1] == revoked
    assert store.decision(digest).state == "pending" and column(store.bank, digest) is None
    assert store.queue(anna) == [digest]
    with pytest.raises(SettingError, match="was revoked before: wrong patient opened"):
        store.revoke(last.id, "again")
    with pytest.raises(SettingError, match="a revocation needs a reason"):
        store.revoke(last.id, " ")
    assert happened(store.bank)[-2:] == [("revocation", last.id), ("acceptance", digest)]


@pytest.mark.parametrize(
    ("outcome", "settings", "message"),
    [
        ("maybe", {}, 'use "approve" or "reject"'),
        ("reject", {}, "a rejection needs a reason"),
        ("approve", {"reasons": ["duplicate"]}, "an approval gives no reasons"),
        ("reject", {"reasons": ["ugly"]}, "the reasons are anatomy_violated"),
        ("reject", {"reasons": ["other"]}, "needs a comment"),
        ("approve", {"plausibility": 6}, "plausibility is 6; it is 1 to 5"),
        ("approve", {"plausibility": 4.0}, "plausibility is 4.0; it must be a whole number"),
        ("approve", {"plausibility": 4.5}, "plausibility is 4.5; it must be a whole number"),
        ("approve", {"plausibility": True}, "plausibility is True; it must be a whole number"),
        ("approve", {"plausibility": "4"}, "plausibility is '4'; it must be a whole number"),
        ("reject", {"reasons": "other"}, '"other" needs a comment'),
        ("reject", {"reasons": None}, "None is not a valid Reason; the reasons are"),
        ("approve", {"seconds": -1.0}, "at least 0"),
        ("approve", {"seconds": "3"}, "seconds is '3'; it must be a finite number"),
        ("approve", {"seconds": True}, "seconds is True; it must be a finite number"),
        ("approve", {"comment": None}, 'comment is None; it is text, "" for none'),
    ],
)
def test_contradictory_verdicts_are_refused_and_leave_nothing(
    store: ReviewStore, digest: str, outcome: Any, settings: Any, message: str
) -> None:
    anna = store.enrol("Anna")
    with pytest.raises(SettingError, match=message):
        store.record(digest, anna, outcome, **settings)
    assert store.history(digest) == ()


def test_only_enrolled_active_readers_judge_samples_that_are_there(store: ReviewStore, digest: str) -> None:
    anna = store.enrol("Anna")
    with pytest.raises(SettingError, match="a reviewer 'Anna' is enrolled already"):
        store.enrol("anna")
    with pytest.raises(SettingError, match="no reviewer 'Ben' is enrolled, only Anna"):
        store.reviewer("Ben")
    with pytest.raises(BankError, match="no sample 0000"):
        store.record("0" * 64, anna, "approve")
    with pytest.raises(BankError, match="no sample 0000"):
        store.decision("0" * 64)
    store.record(digest, anna, "approve")
    assert store.retire(anna).retired_at is not None
    with pytest.raises(SettingError, match="Anna has retired"):
        store.record(digest, anna, "reject", reasons=["duplicate"])
    assert store.decision(digest).state == "approved"
    assert store.queue(store.reviewer("Anna")) == []


def test_a_verdict_counts_for_the_pixels_that_were_seen_only(store: ReviewStore, digest: str) -> None:
    anna = store.enrol("Anna")
    store.record(digest, anna, "approve")
    with store.bank.database.writing() as connection:  # as if forgotten and made anew by another machine
        other = update(samples).values(file_digest="f" * 64, acceptance=None)
        connection.execute(other)
    decision = store.decision(digest)
    assert (decision.state, len(decision.verdicts), decision.counted) == ("pending", 1, ())
    assert store.queue(anna) == [digest]
    with pytest.raises(BankError, match="made anew with other pixels while it was looked at"):
        store.record(digest, anna, "approve", file_digest="a" * 64)


def test_a_new_policy_decides_everything_anew_and_the_old_ones_stay(store: ReviewStore, digest: str) -> None:
    anna, ben = store.enrol("Anna"), store.enrol("Ben")
    store.record(digest, anna, "approve")
    assert store.policy == ReviewPolicy()
    store.set_policy(ReviewPolicy(approvals=2, readers=2))
    assert column(store.bank, digest) is None and store.queue(ben) == [digest] and store.queue(anna) == []
    store.record(digest, ben, "approve")
    assert column(store.bank, digest) == "approved"
    store.set_policy(ReviewPolicy(approvals=2, readers=2))
    store.set_policy(ReviewPolicy(approvals=2, readers=2, senior_required=True))
    assert column(store.bank, digest) is None
    assert len(rows(store.bank, "SELECT * FROM review_policies")) == 2


def test_assigned_samples_are_read_by_those_named_and_by_a_senior_in_a_dispute(store: ReviewStore) -> None:
    made = [sample(number) for number in range(3)]
    for one in made:
        store.bank.add(one)
    anna, ben, eva = (store.enrol(name, senior=name == "Eva") for name in ("Anna", "Ben", "Eva"))
    store.set_policy(ReviewPolicy(approvals=1, readers=2))
    store.assign([made[0].digest], [anna, ben])
    store.assign([made[0].digest], [anna])
    assert set(store.queue(anna)) == {one.digest for one in made}
    assert set(store.queue(eva)) == {one.digest for one in made[1:]}
    store.record(made[0].digest, anna, "approve")
    store.record(made[0].digest, ben, "reject", reasons=["duplicate"])
    assert store.decision(made[0].digest).state == "disputed"
    assert made[0].digest in store.queue(eva) and made[0].digest not in store.queue(ben)
    settled = store.record(made[0].digest, eva, "approve")
    assert settled.adjudicates and store.decision(made[0].digest).state == "approved"
    assert made[0].digest not in store.queue(eva)
    with pytest.raises(BankError, match="assign samples that it holds"):
        store.assign(["0" * 64], [anna])


def test_readers_at_once_are_all_kept_and_come_to_one_decision(
    store: ReviewStore, arguments: Arguments, tmp_path: Path
) -> None:
    made = [sample(number) for number in range(4)]
    for one in made:
        store.bank.add(one)
    store.set_policy(ReviewPolicy(approvals=2, readers=3))
    names = ["Anna", "Ben", "Eva"]
    for name in names:
        store.enrol(name)
    context = multiprocessing.get_context("forkserver")
    start = context.Barrier(3)
    given = [one.digest for one in made]
    readers = [
        context.Process(target=review_together, args=(tmp_path / "bank", arguments, name, given, start))
        for name in names
    ]
    for process in readers:
        process.start()
    for process in readers:
        process.join(120)
        assert process.exitcode == 0
    for one in made:
        assert len(store.history(one.digest)) == 3
        assert store.decision(one.digest).state == column(store.bank, one.digest) == "approved"


def test_a_killed_reader_loses_no_verdict_and_leaves_no_half_decision(
    store: ReviewStore, arguments: Arguments, tmp_path: Path, repeat: int
) -> None:
    made = [sample(number) for number in range(3)]
    for one in made:
        store.bank.add(one)
    anna, notes = store.enrol("Anna"), tmp_path / "notes"
    context = multiprocessing.get_context("forkserver")
    for _ in range(2 * repeat):
        before = notes.stat().st_size if notes.exists() else 0
        given = (tmp_path / "bank", arguments, anna.name, [one.digest for one in made], notes)
        process = context.Process(target=review_for_ever, args=given)
        process.start()
        deadline = time.monotonic() + 60
        while (not notes.exists() or notes.stat().st_size < before + 400) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        process.join(60)
    noted = set(notes.read_text().split())
    kept = {verdict.id for one in made for verdict in store.history(one.digest)}
    assert len(noted) > 10 and noted <= kept
    for one in made:
        state = store.decision(one.digest).state
        assert column(store.bank, one.digest) == state and state in ("approved", "rejected")
        assert len(store.decision(one.digest).counted) == 1
    told = {row[0] for row in rows(store.bank, "SELECT subject FROM events WHERE kind = 'verdict'")}
    assert told == kept


def test_two_readers_see_the_same_samples_in_orders_of_their_own(store: ReviewStore) -> None:
    for number in range(8):
        store.bank.add(sample(number))
    anna, ben = store.enrol("Anna"), store.enrol("Ben")
    assert set(store.queue(anna)) == set(store.queue(ben)) == set(store.bank.digests())
    assert store.queue(anna) != store.queue(ben) and store.queue(anna) == store.queue(anna)
    assert store.queue(anna, lesion="mass") == []


def test_a_store_opens_on_a_bank_that_was_reviewed_before(
    store: ReviewStore, digest: str, arguments: Arguments
) -> None:
    anna: Reviewer = store.enrol("Anna")
    store.record(digest, anna, "reject", reasons=["artefact_or_seam"])
    again = ReviewStore(SampleBank(store.bank.path, **arguments))
    assert again.decision(digest) == store.decision(digest)
    assert again.reviewers == (anna,)
    again.bank.close()
