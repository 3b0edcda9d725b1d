"""Reviews of a bank go up once, with the sample that they are about; runs as they fare."""

from typing import Any

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.runs import bank_run
from medsynth_supabase import Names
from medsynth_supabase.pushing.runs import failure, told
from tests.supabase.gateway.faults import Fault
from tests.supabase.gateway.project import Project
from tests.supabase.machines import insert, review_row
from tests.supabase.material import Readers, make_patients
from tests.supabase.syncing import Recorder, statuses, syncing

pytestmark = pytest.mark.supabase


def reviews(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.rows("select * from public.reviews where project = %s", project.id)
    return {str(row["id"]): row for row in rows}


def revocations(project: Project) -> dict[str, str]:
    rows = project.rows("select review, reason from public.revocations where project = %s", project.id)
    return {str(row["review"]): row["reason"] for row in rows}


@pytest.mark.parametrize("kind", ["delay", "lose", "duplicate", "late"])
def test_a_verdict_goes_up_once_with_its_sample(
    bank: SampleBank, readers: Readers, project: Project, kind: str
) -> None:
    shown, pending = make_patients(bank, 2)[:2]
    (verdict,) = readers.approve(shown)
    (rejection,) = readers.reject(pending)  # of a sample that the project was never told of
    project.gateway.faults = [
        Fault(kind=kind, path="POST /rest/v1/(reviews|revocations)", seconds=0.05, times=2)
    ]
    with syncing(bank, project, "service_role", reviews=True) as sync:
        assert set(sync.push().delivered) == {shown, verdict}
        assert set(reviews(project)) == {verdict} and rejection not in reviews(project)
        row, names, told = reviews(project)[verdict], Names(project.key), readers.reviews.verdict(verdict)
        assert row["sample"] == names.sample(shown) and row["pixels"] == names.pixels(told.file_digest)
        assert (str(row["reviewer"]), row["outcome"], row["plausibility"]) == (told.reviewer, "approve", 4)
        assert row["at"] == told.at
        readers.revoke(verdict)
        sync.push()
        project.gateway.settle()
        assert revocations(project) == {verdict: "seen on a bad screen"}
        again = readers.approve(pending)
        sync.push()
        assert set(reviews(project)) == {verdict, rejection, *again}
        project.gateway.faults = recorder = Recorder()
        assert not sync.push().delivered and recorder.count("POST") == 0


def test_reviews_stay_home_unless_they_are_wanted_and_go_when_they_are(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    verdicts = readers.approve(*make_patients(bank, 2))
    with syncing(bank, project, "service_role") as sync:
        sync.push()
    assert statuses(project) and not reviews(project)
    with syncing(bank, project, "service_role", reviews=True) as sync:
        sync.push()
    assert set(reviews(project)) == set(verdicts)


def test_a_user_hands_on_only_reviews_of_their_own(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    user = project.users["publisher"]
    project.rows("insert into public.project_members values (%s, %s, 'reviewer')", project.id, user.id)
    own = readers.reviews.enrol("Dr C", id=user.id)
    digest = make_patients(bank, 1)[0]
    (other,) = readers.approve(digest)
    mine = readers.reviews.record(digest, own, "approve").id
    with syncing(bank, project, reviews=True) as sync:
        report = sync.push()
    assert set(reviews(project)) == {mine}
    ((aside, why),) = report.aside
    assert aside == other and "of another reader than the user who is signed in" in why


def test_one_review_that_is_refused_does_not_stand_in_the_way_of_the_others(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    first, second = make_patients(bank, 2)[:2]
    comment = "x" * 10_001  # longer than a project takes
    refused = readers.reviews.record(first, readers.all[0], "approve", comment=comment).id
    (sent,) = readers.approve(second)
    with syncing(bank, project, "service_role", reviews=True) as sync:
        report = sync.push()
    assert set(reviews(project)) == {sent}
    ((aside, why),) = report.aside
    assert aside == refused and "the project answers 400 23514" in why


def test_a_review_whose_id_is_taken_by_another_one_is_set_aside_and_told(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    shown, other = make_patients(bank, 2)[:2]
    taken, sent = readers.approve(shown, other)
    with syncing(bank, project, "service_role", reviews=True) as sync:
        names, held = Names(project.key), readers.reviews.verdict(taken)
        with syncing(bank, project, "service_role") as rows_first:
            rows_first.push()
        seen = {"sample": names.sample(other), "pixels": names.pixels(readers.reviews.file_digest(other))}
        insert(project, "reviews", review_row(project, held.reviewer, seen, id=taken))
        report = sync.push()
        assert sent in report.delivered and taken not in report.delivered
        ((which, why),) = report.conflicts
        assert which == taken and "the project holds another review under its id" in why
        assert reviews(project)[taken]["sample"] == names.sample(other)


def test_runs_go_up_as_they_fare_where_that_is_wanted(bank: SampleBank, project: Project) -> None:
    def rows() -> list[dict[str, Any]]:
        return project.rows("select name, state, done, total from public.runs where project = %s", project.id)

    with syncing(bank, project) as quiet, syncing(bank, project, runs=True) as sync:
        with bank_run(bank, kind="generate", name="fill the rare classes", total=9) as run:
            quiet.push()
            assert not rows()
            sync.push()
            assert rows() == [{"name": "fill the rare classes", "state": "running", "done": 0, "total": 9}]
            run.advance(9)
        sync.push()
        assert rows() == [{"name": "fill the rare classes", "state": "done", "done": 9, "total": 9}]
        project.gateway.faults = recorder = Recorder()
        assert not sync.push().delivered and recorder.count("POST") == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodules in /home/dr.a/bank, free some", "nodules in (file), free some"),
        (r"C:\Users\dr-a\bank.sqlite is locked", "(file) is locked"),
        ("'~/bank/x' and s3://bucket/x?y=z", "'(file)' and (address)"),
        ("sample " + "0a" * 32 + " is damaged", "sample (digest) is damaged"),
        ("fill cohort/Mueller_Hans_1961 up", "fill (file) up"),
        (r"fill cohort\Mueller_Hans_1961 up", "fill (file) up"),
        ("Mueller_Hans.nii.gz, 'IM-0001.dcm'", "(file), '(file)'"),
        ("nodules 2.5 to 4.0 mm, ratio 0.5. Second try", "nodules 2.5 to 4.0 mm, ratio 0.5. Second try"),
    ],
)
def test_the_name_of_a_run_names_no_file_and_no_digest(text: str, said: str) -> None:
    assert told(text) == said


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("ImageError: cohort/Mueller_Hans_1961/IM-0001.png is damaged", "ImageError"),
        ("KeyboardInterrupt", "KeyboardInterrupt"),
        ("Mueller_Hans_1961.dcm cannot be read", "an error"),
        ("patient Müller-17 has no films", "an error"),
    ],
)
def test_of_a_failure_the_kind_alone_goes_up(message: str, kind: str) -> None:
    assert failure(message) == f"{kind}; the bank's own record of the run says more"
    assert failure("") == ""


def test_a_bank_shares_its_reviews_and_runs_with_each_of_its_projects(
    bank: SampleBank, readers: Readers, project: Project, public_project: Project
) -> None:
    with bank_run(bank, kind="generate", total=1) as run:
        run.advance(1)
    (verdict,) = readers.approve(make_patients(bank, 1)[0])
    options: Any = {"reviews": True, "runs": True}
    with (
        syncing(bank, project, "service_role", **options) as first,
        syncing(bank, public_project, "service_role", **options) as second,
    ):
        assert not first.push().aside and not second.push().aside
        readers.reviews.revoke(verdict, "a slip")
        assert not first.push().aside and not second.push().aside
    for one in (project, public_project):
        for table, held in (("reviews", 1), ("revocations", 1), ("runs", 2)):  # the patients were a run, too
            (row,) = one.rows(f"select count(*) as held from public.{table} where project = %s", one.id)
            assert row["held"] == held, table


def test_a_bank_with_a_new_identity_need_not_tell_its_runs_again(bank: SampleBank, project: Project) -> None:
    with bank_run(bank, kind="generate", total=1) as run:
        run.advance(1)
    with syncing(bank, project, runs=True) as sync:
        assert run.id in sync.push().delivered
        sync.renew_identity()
        assert not sync.push().aside
        with bank_run(bank, kind="generate"):
            assert not sync.push().aside
