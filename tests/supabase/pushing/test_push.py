"""What is approved here is there, once; what is taken back here is gone there."""

import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientStore
from medsynth_aug.errors import SettingError, SyncAccessError
from medsynth_supabase import Names, new_key
from tests.supabase.gateway.project import Project
from tests.supabase.material import MeasuredGate, Readers, images_of, make_patients
from tests.supabase.syncing import (
    Recorder,
    content,
    expected,
    feed,
    named,
    objects,
    row_of,
    statuses,
    syncing,
)  # fmt: skip

pytestmark = pytest.mark.supabase


@pytest.mark.parametrize("role", ["publisher", "service_role"])
def test_approved_images_go_up_with_their_pixels_and_nothing_else_does(
    bank: SampleBank, readers: Readers, project: Project, role: str
) -> None:
    first, second, *others = make_patients(bank, 3)
    readers.approve(first, second)
    with syncing(bank, project, role) as sync:
        report = sync.push()
    assert set(report.delivered) == {first, second} and report.told == {"approved": 2}
    assert others and statuses(project) == expected(project, approved=[first, second])
    for digest in (first, second):
        row, sample = row_of(project, digest), bank.get(digest)
        data = content(project, row["object"], "reader")
        assert hashlib.sha256(data).hexdigest() == row["object_sha256"]
        assert np.array_equal(np.array(Image.open(BytesIO(data))), sample.image[0].numpy())
        for finding in row["findings"]:
            mask = np.array(Image.open(BytesIO(content(project, finding["mask"], "reader"))))
            assert set(np.unique(mask)) == {0, 255}
    assert objects(project) == named(project)


def test_a_row_says_who_is_shown_and_how_it_was_made_and_nothing_more(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    digest = make_patients(bank, 1)[0]
    readers.approve(digest)
    with syncing(bank, project) as sync:
        sync.push()
    (patient,), row, names = PatientStore(bank).all(), row_of(project, digest), Names(project.key)
    sample, image = bank.get(digest), patient.images[0]
    found = {name: row[name] for name in ("patient", "visit", "day", "sex", "age_years", "view")}
    assert found == {
        "patient": patient.id, "visit": 0, "day": 0, "sex": patient.sex, "age_years": patient.age_years,
        "view": patient.view,
    }  # fmt: skip
    assert (row["width"], row["height"], row["bits"], row["virtual"]) == (64, 64, 8, True)
    assert (row["purpose"], row["lesion"]) == ("patient", sample.lesion)
    assert row["spacing_mm"] == (None if sample.spacing is None else list(sample.spacing))
    (finding,), (told,) = patient.findings_of(0), row["findings"]
    assert told.pop("mask").startswith(f"{project.id}/{names.sample(digest)}/mask-0")
    assert told == {
        "lesion": finding.lesion, "side": finding.side, "severity": finding.severity,
        "size_mm": finding.size_mm, "box": list(finding.box),
    }  # fmt: skip
    assert row["pixels"] == names.pixels(readers.reviews.file_digest(digest))
    assert set(row["provenance"]) == {
        "engine", "maker", "version", "prompt", "lesion", "side", "size_mm", "seed", "attempt",
        "pixel_version", "sampling", "conditioning", "chain",
    }  # fmt: skip
    assert row["provenance"]["chain"] == [names.sample(one) for one in reversed(image.chain)]


def test_a_second_push_sends_nothing(bank: SampleBank, readers: Readers, project: Project) -> None:
    readers.approve(*make_patients(bank, 2))
    with syncing(bank, project) as sync:
        sync.push()
        before = feed(project)
        project.gateway.faults = recorder = Recorder()
        assert not sync.push().delivered
        assert recorder.count("POST|DELETE|PATCH|PUT") == 0
    with syncing(bank, project) as sync:  # another process
        assert not sync.push().delivered
    assert recorder.count("put_sample|storage") == 0 and feed(project) == before
    assert set(before.values()) == {1}


def test_a_state_that_was_deleted_changes_nothing_there(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    shown, taken_back = make_patients(bank, 2, seed=5)[:2]
    verdicts = readers.approve(shown, taken_back)
    with syncing(bank, project) as sync:
        sync.push()
        state = sync.state.file
    before, held = feed(project), objects(project)
    readers.revoke(verdicts[1])
    for file in state.parent.iterdir():
        file.unlink()
    with syncing(bank, project) as sync:
        sync.push()
    assert statuses(project) == expected(project, approved=[shown], withdrawn=[taken_back])
    gone = {one for one in held if Names(project.key).sample(taken_back) in one}
    assert objects(project) == held - gone == named(project)
    assert feed(project) - before == {(Names(project.key).sample(taken_back), "withdrawn"): 1}


def test_every_way_back_takes_the_pixels_away(bank: SampleBank, readers: Readers, project: Project) -> None:
    revoked, rejected, forgotten, kept = make_patients(bank, 4, seed=1)[:4]
    verdicts = readers.approve(revoked, rejected, forgotten, kept)
    with syncing(bank, project) as sync:
        sync.push()
        readers.revoke(verdicts[0])
        readers.reject(rejected)
        bank.forget(forgotten)
        report = sync.push()
        assert report.told == {"withdrawn": 1, "rejected": 1, "forgotten": 1}
        assert statuses(project) == expected(
            project, withdrawn=[revoked], rejected=[rejected], approved=[kept]
        )
        assert objects(project) == named(project)
        assert all(Names(project.key).sample(kept) in path for path in objects(project))
        for digest in (revoked, rejected):
            row = row_of(project, digest)
            assert row["object"] is None and row["object_sha256"] is None
        readers.approve(revoked)
        assert sync.push().told == {"approved": 1}
    assert statuses(project) == expected(project, approved=[revoked, kept], rejected=[rejected])
    assert objects(project) == named(project)


def test_pending_patients_go_to_reviewers_only_where_that_is_wanted(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    images = make_patients(bank, 2)
    with syncing(bank, project) as sync:
        assert not sync.push().delivered
    with syncing(bank, project, for_review=True) as sync:
        sync.push()
        assert statuses(project) == expected(project, pending=images)
        seen = {role: _names_seen(project, role) for role in ("anon", "reader", "member", "reviewer")}
        assert seen == {"anon": 0, "reader": 0, "member": 0, "reviewer": len(images)}
        first = objects(project)
        readers.approve(images[0])
        project.gateway.faults = recorder = Recorder()
        sync.push()
        assert recorder.count("POST /storage/v1/object/medsynth") == 0  # the pixels are there already
        assert objects(project) == first == named(project)
        assert statuses(project) == expected(project, approved=images[:1], pending=images[1:])
    with syncing(bank, project, runs=True) as sync:  # what was said before holds
        assert not sync.push().told and sync.remembered == ["for_review"]
        with syncing(bank, project, for_review=False) as other:  # pending ones are no longer wanted
            other.push()
        assert statuses(project) == expected(project, approved=images[:1], withdrawn=images[1:])
        assert not sync.push().delivered and not sync.remembered  # a process that goes on hears of it
    assert statuses(project) == expected(project, approved=images[:1], withdrawn=images[1:])
    assert objects(project) == named(project)


def _names_seen(project: Project, role: str) -> int:
    with project.client(role) as client:
        return len(client.table("samples").select("name").eq("project", project.id).execute().data)


def test_what_the_gate_refuses_is_reported_and_looked_at_again(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    refused, passed = make_patients(bank, 2)[:2]
    readers.approve(refused, passed)
    gate = MeasuredGate(bank, copies=(refused,))
    with syncing(bank, project, gate=gate) as sync:
        report = sync.push()
        assert report.delivered == (passed,)
        ((digest, why),) = report.refused
        assert digest == refused and "a copy of a training film" in why
        assert statuses(project) == expected(project, approved=[passed])
        assert sync.push().refused == report.refused
        gate.copies = ()
        report = sync.push()
        assert report.delivered == (refused,) and not report.refused
    assert statuses(project) == expected(project, approved=[refused, passed])


def test_a_stand_in_takes_the_place_of_a_rejected_image(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    first = make_patients(bank, 1)[0]
    readers.approve(first)
    with syncing(bank, project) as sync:
        sync.push()
        child = readers.make_anew(first)
        readers.approve(child)
        sync.push()
        assert images_of(bank)[0] == child
        assert statuses(project) == expected(project, approved=[child], rejected=[first])
        readers.approve(first)  # the first image comes back, and nobody said a word of the other one
        sync.push()
    assert statuses(project) == expected(project, approved=[first], withdrawn=[child])
    assert objects(project) == named(project)


def test_an_image_that_was_made_anew_replaces_the_earlier_pixels(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    digest = make_patients(bank, 1)[0]
    readers.approve(digest)
    sample = bank.get(digest)
    with syncing(bank, project) as sync:
        sync.push()
        before = row_of(project, digest)
        bank.forget(digest)
        pixels = sample.image.clone()
        pixels[0, 0, 0] += 1
        bank.add(
            type(sample)(
                **{name: getattr(sample, name) for name in type(sample).__slots__} | {"image": pixels}
            )
        )
        readers.approve(digest)
        sync.push()
    after = row_of(project, digest)
    assert after["status"] == "approved"
    assert after["pixels"] != before["pixels"] and after["object_sha256"] != before["object_sha256"]
    assert objects(project) == named(project)
    assert np.array(Image.open(BytesIO(content(project, after["object"]))))[0, 0] == int(pixels[0, 0, 0])


def test_a_key_that_is_not_the_projects_is_refused_before_anything_is_sent(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    readers.approve(*make_patients(bank, 1))
    changed = {"project_key": new_key(), "project": project.name}
    with (
        syncing(bank, project, changed=changed) as sync,
        pytest.raises(SettingError, match="has another key"),
    ):
        sync.push()
    assert not statuses(project) and not objects(project)


def test_only_the_service_role_makes_a_project(bank: SampleBank, project: Project) -> None:
    changed = {"project_key": new_key(), "project": f"new {project.id}"}
    with syncing(bank, project, changed=changed, create=True) as sync, pytest.raises(SyncAccessError):
        sync.push()
    with (
        syncing(bank, project, changed=changed) as sync,
        pytest.raises(SettingError, match=r"make it with --create"),
    ):
        sync.push()
    with syncing(bank, project, "service_role", changed=changed, create=True) as sync:
        sync.push()
        made = sync.project
    assert made.name == f"new {project.id}" and made.id != project.id and not made.is_public
    (row,) = project.rows("select key_check from public.projects where id = %s", made.id)
    assert row["key_check"] == Names(str(changed["project_key"])).check(made.id)


@pytest.mark.parametrize("role", ["reader", "reviewer", "stranger"])
def test_whoever_is_no_publisher_is_told_so(
    bank: SampleBank, readers: Readers, project: Project, role: str
) -> None:
    readers.approve(*make_patients(bank, 1))
    with syncing(bank, project, role) as sync:
        if role == "stranger":
            with pytest.raises(SettingError, match="or this user is no member"):
                sync.push()
        else:
            with pytest.raises(SyncAccessError, match="use a key or a user that may do this"):
                sync.push()
    assert not statuses(project) and not objects(project)


def test_a_wrong_password_is_told_without_it(bank: SampleBank, project: Project) -> None:
    with (
        syncing(bank, project, changed={"password": "not the one"}) as sync,
        pytest.raises(SyncAccessError, match=r"does not sign publisher-\S+ in") as told,
    ):
        sync.push()
    assert "not the one" not in str(told.value)
