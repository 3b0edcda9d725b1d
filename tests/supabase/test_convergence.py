"""Machines of one project come to the same, in whatever order they sync."""

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientStore
from medsynth_aug.review import ReviewPolicy
from tests.postgres import running_cluster
from tests.supabase.gateway.project import Project
from tests.supabase.machines import Machine, Machines, insert, review_row
from tests.supabase.material import make_patients
from tests.supabase.syncing import feed, named, objects, statuses

pytestmark = pytest.mark.supabase


@pytest.fixture(scope="module")
def records() -> Iterator[str]:
    """URL of a PostgreSQL database for a bank that several machines share."""
    with running_cluster() as cluster:
        yield cluster.new_database()


def copied(machine: Machine, other: Machine, digests: list[str]) -> None:
    """Bring samples, with all that they were painted on, into another machine's bank."""
    for patient in PatientStore(machine.bank).all():
        if any(image.sample in digests for image in patient.images):
            for image in patient.images:
                for digest in image.chain:
                    other.bank.add(machine.bank.get(digest))
            PatientStore(other.bank).add(patient)


def test_two_machines_with_one_shared_bank_send_each_sample_once(
    machines: Machines, project: Project, records: str, tmp_path: Path
) -> None:
    pixels = (tmp_path / "pixels").as_uri()
    first, second = (
        machines.of(SampleBank(tmp_path / name, records=records, pixels=pixels), project, role="publisher")
        for name in ("first", "second")
    )
    shown = make_patients(first.bank, 4)
    reader = first.enrol("Dr A")
    for digest in shown[:4]:
        second.reviews.record(digest, reader, "approve")
    threads = [threading.Thread(target=one.sync.push) for one in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    second.reviews.record(shown[0], reader, "reject", reasons=["duplicate"])
    for one in (second, first):
        one.sync.push()
    names = [first.names.sample(digest) for digest in shown[:4]]
    assert statuses(project) == dict(zip(names, ["rejected"] + ["approved"] * 3, strict=True))
    told = feed(project)
    assert told == {(name, "approved"): 1 for name in names} | {(names[0], "rejected"): 1}
    assert objects(project) == named(project)


@pytest.mark.parametrize("seed", range(3))
def test_two_banks_with_common_samples_come_to_the_same_in_any_order(
    machines: Machines, project: Project, seed: int, repeat: int
) -> None:
    """What the project holds follows from what both banks say last, whoever says it first."""
    chance = random.Random(seed)
    first = machines(project, 3, role="publisher", sends={"for_review": True})
    second = machines(project, 2, first=70, role="publisher", sends={"for_review": True})
    common = first.shown()[:3]
    copied(first, second, common)
    for one in (first, second):
        one.enrol("Dr A")
        one.sync.push()
    for _ in range(12 * repeat):
        machine = chance.choice((first, second))
        digest = chance.choice(machine.shown())
        reader = machine.reviews.reviewer("Dr A")
        if chance.random() < 0.7:
            machine.reviews.record(digest, reader, "approve")
        else:
            machine.reviews.record(digest, reader, "reject", reasons=["duplicate"])
        if chance.random() < 0.5:
            chance.choice((first, second)).sync.push()
    for _ in range(2):
        for one in chance.sample((first, second), 2):
            one.sync.push()
    assert held_by(first, second) == statuses(project)
    first.sync.sweep(older_than=timedelta(0))
    assert objects(project) == named(project)


def held_by(*machines: Machine) -> dict[str, str]:
    """What a project should hold of the images of some banks that send what waits for review too."""
    said: dict[str, set[str]] = {}
    for one in machines:
        for digest in one.shown():
            said.setdefault(one.names.sample(digest), set()).add(one.state(digest))
    order = ("rejected", "approved", "pending")
    return {name: next(state for state in order if state in states) for name, states in said.items()}


def test_machines_that_pull_the_same_reviews_decide_alike_whatever_came_first(
    machines: Machines, project: Project
) -> None:
    first = machines(project, 3, sends={"for_review": True})
    second = machines(project, 0, sends={"for_review": True})
    copied(first, second, first.shown())
    for one in (first, second):
        one.reviews.set_policy(ReviewPolicy(approvals=1, readers=2))
        one.enrol("Dr A", "reviewer")
        one.enrol("Dr B", "member")
        one.enrol("Dr C", "reader", senior=True)
    first.sync.push()
    chance = random.Random(0)
    readers = [project.users[role].id for role in ("reviewer", "member", "reader")]
    for digest in first.shown():
        for number in range(6):
            outcome = chance.choice(("approve", "reject"))
            row = review_row(
                project, readers[number % 3], first.seen(digest), outcome=outcome,
                reasons=["duplicate"] if outcome == "reject" else [],
            )  # fmt: skip
            insert(project, "reviews", row)
            if number % 2:
                first.sync.pull()
    second.sync.pull()
    first.sync.pull()
    decided = {digest: first.state(digest) for digest in first.shown()}
    assert decided == {digest: second.state(digest) for digest in first.shown()}
    assert {"approved", "rejected"} & set(decided.values())
    for digest in decided:
        ours, theirs = first.reviews.history(digest), second.reviews.history(digest)
        assert ours == theirs and len(ours) == 6


def test_other_pixels_of_one_sample_are_a_conflict_and_the_first_ones_stay(
    machines: Machines, project: Project
) -> None:
    first = machines(project, 1, role="publisher")
    second = machines(project, 0, role="publisher")
    digest = first.shown()[0]
    copied(first, second, [digest])
    sample = second.bank.get(digest)
    second.bank.forget(digest)
    second.bank.add(replace(sample, image=255 - sample.image))
    for one in (first, second):
        one.reviews.record(digest, one.enrol("Dr A"), "approve")
    first.sync.push()
    for _ in range(2):
        ((subject, reason),) = second.sync.push().conflicts
        assert subject == digest and "other pixels" in reason
    row = project.rows("select pixels, status from public.samples where project = %s", project.id)
    assert row == [{"pixels": first.seen(digest)["pixels"], "status": "approved"}]
    assert objects(project) == named(project)
    first.bank.forget(digest)
    first.sync.push()
    assert not second.sync.push().conflicts
    row = project.rows("select pixels, status from public.samples where project = %s", project.id)
    assert row == [{"pixels": second.seen(digest)["pixels"], "status": "approved"}]
