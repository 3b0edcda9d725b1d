"""Whatever fails in between: in the end the project holds what the bank says, once, and nothing is lost."""

import hashlib
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from medsynth_aug.bank.schema import samples, verdicts
from medsynth_aug.corpus import PatientStore
from medsynth_aug.review import regenerate
from medsynth_aug.synthesis import FakeSynthesizer
from tests.supabase.chaos import SENDS, Chaos
from tests.supabase.gateway.project import Project
from tests.supabase.machines import Machine, Machines
from tests.supabase.syncing import content, named, objects, statuses

pytestmark = pytest.mark.supabase

STEPS = 20
GONE = {"rejected", "withdrawn"}


def held_by(machine: Machine) -> dict[str, str]:
    """What the project must show: images of patients as they stand, and what was made in place of one."""
    shown = [one for one in machine.shown() if one in machine.bank]
    recorded = {
        image.sample
        for patient in PatientStore(machine.bank).all()
        for image in PatientStore(machine.bank).as_recorded(patient.id).images
    }
    wanted = {digest: machine.state(digest) for digest in shown}
    with machine.bank.database.reading() as connection:
        rows = connection.execute(select(samples.c.digest, samples.c.parent)).all()
    made = defaultdict(list)
    for row in rows:
        made[row.parent].append(row.digest)
    left = [digest for digest in recorded if digest in machine.bank]
    while left:
        for child in made[left.pop()]:
            left.append(child)
            if machine.state(child) in ("pending", "disputed"):
                wanted.setdefault(child, "pending")
    names = {machine.names.sample(digest): state for digest, state in wanted.items() if state != "rejected"}
    return {name: "pending" if state == "disputed" else state for name, state in names.items()}


def check_samples(machine: Machine, project: Project) -> None:
    """The rows are what the bank says, and what is not shown any more has no pixels there."""
    rows = project.rows(
        "select name, status, pixels, object, object_sha256 from public.samples where project = %s",
        project.id,
    )
    told, wanted = {row["name"]: row["status"] for row in rows}, held_by(machine)
    assert {name: status for name, status in told.items() if status not in GONE} == wanted
    digests = {machine.names.sample(one): one for one in machine.bank.digests()}
    assert told.keys() <= digests.keys(), "a forgotten sample is there"
    machine.sync.sweep(older_than=timedelta(0))
    assert objects(project) == named(project)
    for row in rows:
        if row["object"] is not None:
            assert row["pixels"] == machine.seen(digests[row["name"]])["pixels"]
            assert hashlib.sha256(content(project, row["object"])).hexdigest() == row["object_sha256"]


def check_reviews(machine: Machine, project: Project, chaos: Chaos) -> None:
    """Every review of a reader of the bank is on both sides, once, and says the same."""
    there = {
        row["id"]: row
        for row in project.rows(
            "select r.id::text, r.sample, r.pixels, r.reviewer::text, r.outcome, v.review is not null gone "
            "from public.reviews r left join public.revocations v on v.review = r.id where r.project = %s",
            project.id,
        )
    }
    digests = {machine.names.sample(one): one for one in machine.bank.digests()}
    said = {one.id: one for digest in digests.values() for one in machine.reviews.history(digest)}
    for id_, row in there.items():
        held = row["sample"] in digests and machine.seen(digests[row["sample"]])["pixels"] == row["pixels"]
        if row["reviewer"] == chaos.there.id and held:
            verdict = said[id_]
            assert (verdict.reviewer, verdict.outcome) == (row["reviewer"], row["outcome"])
            assert machine.names.sample(verdict.sample) == row["sample"]
        if id_ in said:
            assert row["gone"] == (said[id_].revoked_at is not None)
            assert row["reviewer"] in (chaos.here.id, chaos.there.id)
    shown = held_by(machine)
    mine = [one for one in said.values() if machine.names.sample(one.sample) in shown]
    assert {one.id for one in mine} <= there.keys(), "a review was lost"
    assert there.keys() <= said.keys() | chaos.given.keys() | forgotten_verdicts(machine)


def forgotten_verdicts(machine: Machine) -> set[str]:
    """Verdicts on samples that are gone stay on record."""
    with machine.bank.database.reading() as connection:
        return set(connection.execute(select(verdicts.c.id)).scalars())


def check_feed(project: Project) -> None:
    """The feed tells each effective change once: no status twice in a row, and last what holds now."""
    rows = project.rows(
        "select kind, subject, status from public.events where project = %s order by seq", project.id
    )
    told = defaultdict(list)
    for row in rows:
        told[row["kind"], row["subject"]].append(row["status"])
    for (kind, _), changes in told.items():
        if kind == "sample":
            assert all(before != after for before, after in pairwise(changes)), changes
        else:
            assert len(changes) == 1, (kind, changes)
    now = {
        ("sample", row["name"]): row["status"]
        for row in project.rows("select name, status from public.samples where project = %s", project.id)
    }
    last = {key: changes[-1] for key, changes in told.items() if key[0] == "sample"}
    assert {key: status for key, status in last.items() if status != "forgotten"} == now


@pytest.mark.parametrize("seed", [12, 14])
def test_a_project_comes_to_what_the_bank_says_whatever_fails_in_between(
    machines: Machines, project: Project, seed: int, repeat: int, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = machines(project, 2, role="service_role", sends=SENDS)
    chaos = Chaos(machine, seed)
    for _ in range(repeat):
        chaos.go_on(STEPS // 2)
        chaos.come_to_rest()
        check_samples(machine, project)
        check_reviews(machine, project, chaos)
        check_feed(project)
        assert not machine.sync.push().delivered and not machine.sync.pull().taken
    injected = chaos.faults.injected
    with capsys.disabled():
        print(f"\nseed {seed}: {chaos.done.total()} operations {dict(sorted(chaos.done.items()))}")
        print(
            f"{injected.total()} faults {dict(sorted(injected.items()))}, {chaos.broken_off} syncs broken off"
        )
    assert injected


def test_what_was_made_in_place_of_an_image_goes_up_when_that_one_is_back(
    machines: Machines, project: Project
) -> None:
    machine = machines(project, 1, sends=SENDS)
    digest = machine.shown()[0]
    machine.reviews.record(digest, machine.enrol("Dr A"), "reject", reasons=["artefact_or_seam"])
    child = regenerate(machine.reviews, FakeSynthesizer(), progress=False).made[digest]
    sample, name = machine.bank.get(digest), machine.names.sample(child)
    machine.bank.forget(digest)
    machine.sync.push()
    assert name not in held_by(machine) and name not in statuses(project)
    machine.bank.add(sample)
    machine.sync.push()
    assert held_by(machine)[name] == statuses(project)[name] == "pending"


def test_a_sample_that_is_back_with_its_pixels_is_followed_though_its_verdicts_came_before_it(
    machines: Machines, project: Project
) -> None:
    machine = machines(project, 1, sends=SENDS)
    here, there, digest = machine.enrol("Dr A"), machine.enrol("Dr B"), machine.shown()[0]
    machine.reviews.record(digest, here, "approve")
    sample = machine.bank.get(digest)
    machine.bank.forget(digest)
    machine.sync.push()
    machine.bank.add(sample)
    machine.sync.push()
    assert statuses(project) == {machine.names.sample(digest): "approved"}
    machine.reviews.record(digest, there, "reject", reasons=["duplicate"])
    assert machine.state(digest) == "disputed"
    machine.sync.push()
    assert statuses(project) == {machine.names.sample(digest): "pending"}
