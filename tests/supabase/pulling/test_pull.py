"""Reviews that were given elsewhere arrive once, and count only as far as this bank's own rules let them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from medsynth_aug.review import ReviewPolicy
from medsynth_supabase.pulling.feeds import PAGE, Feeds
from medsynth_supabase.pulling.inbox import Inbox
from medsynth_supabase.pulling.pull import ANEW_AFTER_S, Puller
from tests.supabase.gateway.project import Project
from tests.supabase.machines import Machine, Machines, insert, review_row
from tests.supabase.material import MeasuredGate

pytestmark = pytest.mark.supabase


@pytest.fixture
def machine(project: Project, machines: Machines) -> Machine:
    """Patients that wait for the project's reviewers."""
    found = machines(project, sends={"for_review": True, "reviews": True})
    found.sync.push()
    return found


def revocation(review: str, project: Project, **changes: Any) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {"review": review, "project": project.id, "reason": "wrong patient", "at": at, **changes}


def passes(machine: Machine, digest: str) -> bool:
    """Whether the publish gate lets a sample through, all but its review being well."""
    return digest in MeasuredGate(machine.bank).check([digest]).passed


def test_a_reviewers_verdict_arrives_as_it_was_given_and_once(machine: Machine, project: Project) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    row = review_row(project, reader.id, machine.seen(digest), outcome="reject", reasons=["wrong_class"],
                     comment="a nodule?")  # fmt: skip
    insert(project, "reviews", row, role="reviewer")
    report = machine.sync.pull()
    assert report.taken == (row["id"],)
    (verdict,) = machine.reviews.history(digest)
    assert (verdict.id, verdict.reviewer, verdict.comment) == (row["id"], reader.id, "a nodule?")
    assert [str(one) for one in verdict.reasons] == ["wrong_class"]
    assert verdict.at == datetime.fromisoformat(row["at"])
    assert machine.state(digest) == "rejected"
    assert machine.sync.pull().taken == machine.new_sync().pull().taken == ()
    assert len(machine.reviews.history(digest)) == 1


def test_a_strangers_review_waits_is_told_and_counts_once_they_are_enrolled(
    machine: Machine, project: Project
) -> None:
    digest, stranger = machine.shown()[0], project.users["reviewer"].id
    insert(project, "reviews", review_row(project, stranger, machine.seen(digest)), role="reviewer")
    for _ in range(2):
        report = machine.sync.pull()
        assert (report.taken, report.strangers) == ((), {stranger: 1})
    assert not machine.reviews.history(digest) and not passes(machine, digest)
    machine.enrol("Dr A", "reviewer")
    report = machine.sync.pull()
    assert len(report.taken) == 1 and not report.strangers
    assert machine.state(digest) == "approved"


def test_a_review_of_a_sample_that_is_not_here_waits_for_the_sample(
    machine: Machine, project: Project, machines: Machines
) -> None:
    other = machines(project, 0)
    reader, digest = other.enrol("Dr A", "reviewer"), machine.shown()[0]
    row = review_row(project, reader.id, machine.seen(digest))
    insert(project, "reviews", row, role="reviewer")
    assert other.sync.pull().foreign == 1
    for one in machine.bank.digests():
        other.bank.add(machine.bank.get(one))
    report = other.sync.pull()
    assert report.taken == (row["id"],) and report.foreign == 0
    assert other.state(digest) == "approved"


def test_a_verdict_on_other_pixels_cannot_open_the_gate(machine: Machine, project: Project) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    seen = machine.seen(digest) | {"pixels": machine.names.pixels("0" * 64)}
    insert(project, "reviews", review_row(project, reader.id, seen))
    report = machine.sync.pull()
    assert (report.taken, report.other_pixels) == ((), 1)
    assert machine.state(digest) == "pending" and not passes(machine, digest)


def test_a_verdict_of_a_retired_reader_cannot_open_the_gate_even_if_it_is_dated_back(
    machine: Machine, project: Project
) -> None:
    reader, (digest, other, *_) = machine.enrol("Dr A", "reviewer"), machine.shown()
    insert(project, "reviews", review_row(project, reader.id, machine.seen(other)), role="reviewer")
    machine.reviews.retire(reader)
    long_ago = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    row = review_row(project, reader.id, machine.seen(digest), at=long_ago)
    insert(project, "reviews", row, role="reviewer")
    report = machine.sync.pull()
    assert report.retired == {reader.id: 1} and len(report.taken) == 1
    assert machine.state(digest) == "pending" and not passes(machine, digest)
    assert machine.state(other) == "approved"


def test_one_approval_of_two_cannot_open_the_gate(machine: Machine, project: Project) -> None:
    machine.reviews.set_policy(ReviewPolicy(approvals=2, readers=2))
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    rows = [review_row(project, reader.id, machine.seen(digest)) for _ in range(3)]
    insert(project, "reviews", *rows, role="reviewer")
    assert set(machine.sync.pull().taken) == {row["id"] for row in rows}
    assert machine.state(digest) == "pending" and not passes(machine, digest)
    here = machine.enrol("Dr B")
    machine.reviews.record(digest, here, "approve")
    assert passes(machine, digest)


def test_a_review_that_the_service_role_forged_under_an_unknown_id_cannot_open_the_gate(
    machine: Machine, project: Project
) -> None:
    machine.enrol("Dr A", "reviewer")
    digest = machine.shown()[0]
    rows = [review_row(project, str(uuid.uuid4()), machine.seen(digest), adjudicates=True) for _ in range(3)]
    insert(project, "reviews", *rows)
    report = machine.sync.pull()
    assert sum(report.strangers.values()) == 3 and not report.taken
    assert machine.state(digest) == "pending" and not passes(machine, digest)


def test_nothing_that_is_read_changes_or_replaces_a_verdict_of_this_bank(
    machine: Machine, project: Project
) -> None:
    reader, here = machine.enrol("Dr A", "reviewer"), machine.enrol("Dr B")
    digest = machine.shown()[0]
    mine = machine.reviews.record(digest, here, "reject", reasons=["duplicate"])
    same_id = review_row(project, reader.id, machine.seen(digest), id=mine.id)
    replacing = review_row(project, reader.id, machine.seen(digest), supersedes=mine.id, adjudicates=True)
    insert(project, "reviews", same_id, replacing)
    report = machine.sync.pull()
    assert report.taken == (replacing["id"],) and report.known == 1
    assert machine.reviews.verdict(mine.id) == mine
    assert machine.state(digest) != "approved" and not passes(machine, digest)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"at": "infinity"}, "at is 'infinity', which is no time"),
        ({"at": "2099-01-01T00:00:00Z"}, "after the server got it"),
        ({"outcome": "reject", "reasons": ["other"], "comment": "\u00a0"}, "needs a comment"),
    ],
)
def test_a_row_that_the_review_store_would_refuse_is_told_and_does_not_stop_the_others(
    machine: Machine, project: Project, changes: dict[str, Any], said: str
) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    rows = [review_row(project, reader.id, machine.seen(digest)) for _ in range(3)]
    rows[1] |= changes
    insert(project, "reviews", *rows)
    report = machine.sync.pull()
    assert set(report.taken) == {rows[0]["id"], rows[2]["id"]}
    assert set(report.malformed) == {rows[1]["id"]} and said in report.malformed[rows[1]["id"]]


def test_a_verdict_is_taken_back_by_its_reader_but_by_no_other(machine: Machine, project: Project) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    row = review_row(project, reader.id, machine.seen(digest))
    insert(project, "reviews", row, role="reviewer")
    machine.sync.pull()
    assert machine.state(digest) == "approved"
    insert(project, "revocations", revocation(row["id"], project), role="reviewer")
    report = machine.sync.pull()
    assert report.revoked == (row["id"],)
    assert machine.state(digest) == "pending"
    assert machine.reviews.history(digest)[0].revoked_at is not None
    assert machine.sync.pull().revoked == ()


def test_a_verdict_that_was_given_and_taken_back_never_counts_for_a_moment(
    machine: Machine, project: Project
) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    row = review_row(project, reader.id, machine.seen(digest))
    insert(project, "reviews", row, role="reviewer")
    insert(project, "revocations", revocation(row["id"], project), role="reviewer")
    assert machine.sync.pull().revoked == (row["id"],)
    assert machine.state(digest) == "pending"


def test_a_revocation_before_its_verdict_waits_for_it(machine: Machine, project: Project) -> None:
    digest, stranger = machine.shown()[0], project.users["reviewer"].id
    row = review_row(project, stranger, machine.seen(digest))
    insert(project, "reviews", row, role="reviewer")
    insert(project, "revocations", revocation(row["id"], project), role="reviewer")
    assert machine.sync.pull().unmatched == 1
    machine.enrol("Dr A", "reviewer")
    report = machine.sync.pull()
    assert (report.taken, report.revoked, report.unmatched) == ((row["id"],), (row["id"],), 0)
    assert machine.state(digest) == "pending"


def test_reviews_of_this_bank_go_up_and_come_back_as_known(machine: Machine, project: Project) -> None:
    here, digest = machine.enrol("Dr B"), machine.shown()[0]
    mine = machine.reviews.record(digest, here, "approve")
    machine.sync.push()
    assert project.rows("select id::text from public.reviews where project = %s", project.id) == [
        {"id": mine.id}
    ]
    report = machine.sync.pull()
    assert (report.taken, report.known) == ((), 1)
    assert machine.reviews.history(digest) == (mine,)


def test_reviews_of_another_project_stay_there(
    machine: Machine, machines: Machines, project: Project, other_project: Project
) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    foreign = machines(other_project, sends={"for_review": True})
    foreign.sync.push()
    seen = foreign.seen(foreign.shown()[0])
    insert(other_project, "reviews", review_row(other_project, reader.id, seen))
    row = review_row(project, reader.id, machine.seen(digest))
    insert(project, "reviews", row)
    assert machine.sync.pull().taken == (row["id"],)


class OutOfTurn:
    """A feed in which some rows become visible later than rows with larger numbers.

    Args:
        feed: The project's own.
        hidden: Numbers of `reviews` that are not visible yet.
    """

    def __init__(self, feed: Any, hidden: set[int]) -> None:
        self._feed, self.hidden = feed, hidden

    def rows_after(self, table: str, seq: int) -> Sequence[Mapping[str, Any]]:
        while page := self._feed.rows_after(table, seq):
            if seen := [row for row in page if table != "reviews" or row["seq"] not in self.hidden]:
                return seen
            seq = page[-1]["seq"]
        return page


def test_a_number_that_becomes_visible_out_of_turn_is_not_missed(machine: Machine, project: Project) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    rows = [review_row(project, reader.id, machine.seen(digest)) for _ in range(6)]
    insert(project, "reviews", *rows)
    numbers = {
        row["id"]: row["seq"]
        for row in project.rows("select id::text, seq from public.reviews where project = %s", project.id)
    }
    ids = [row["id"] for row in rows]
    feed = OutOfTurn(Feeds(machine.sync.remote, project.id), {numbers[ids[1]], numbers[ids[4]]})
    puller = Puller(machine.bank, machine.names, Inbox(machine.sync.state))
    assert set(puller.pull(feed).taken) == {ids[0], ids[2], ids[3], ids[5]}
    feed.hidden = {numbers[ids[1]]}
    assert puller.pull(feed).taken == (ids[4],)
    assert machine.new_sync().pull().taken == (ids[1],)
    assert len(machine.reviews.history(digest)) == 6


def test_more_reviews_than_a_page_holds_are_all_read(machine: Machine, project: Project) -> None:
    stranger, seen, count = str(uuid.uuid4()), machine.seen(machine.shown()[0]), 2 * PAGE + 7
    insert(project, "reviews", *(review_row(project, stranger, seen) for _ in range(count)))
    assert machine.sync.pull().strangers == {stranger: count}
    assert machine.new_sync().pull().strangers == {stranger: count}


def test_reviews_are_read_again_after_a_day_and_none_counts_twice(machine: Machine, project: Project) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    insert(project, "reviews", review_row(project, reader.id, machine.seen(digest)))
    machine.sync.pull()
    inbox = Inbox(machine.sync.state)
    frontier, begun_s = inbox.progress("reviews")
    assert machine.new_sync().pull().known == 0
    inbox.settle("reviews", frontier, begun_s - ANEW_AFTER_S, (), ())
    report = machine.new_sync().pull()
    assert (report.taken, report.known) == ((), 1)
    assert len(machine.reviews.history(digest)) == 1


def test_another_image_in_place_of_a_sample_needs_verdicts_of_its_own(
    machine: Machine, project: Project
) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    insert(project, "reviews", review_row(project, reader.id, machine.seen(digest)))
    machine.sync.pull()
    assert passes(machine, digest)
    sample = machine.bank.get(digest)
    machine.bank.forget(digest)
    machine.bank.add(replace(sample, image=255 - sample.image))
    machine.sync.pull()
    assert machine.state(digest) == "pending" and not passes(machine, digest)
