"""Whatever the network does in between, every image is there once, and a push says what it could not do."""

import time
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import events_after, identity_of
from medsynth_aug.errors import SyncAccessError, SyncUnreachableError
from medsynth_supabase import Names
from medsynth_supabase.project.objects import Place
from tests.supabase.gateway.faults import Fault, Faults
from tests.supabase.gateway.project import Project
from tests.supabase.material import Readers, make_patients
from tests.supabase.syncing import expected, feed, named, objects, statuses, syncing

pytestmark = pytest.mark.supabase

UPLOAD, ROW, REMOVAL = r"POST /storage/v1/object/medsynth", r"rpc/put_sample", r"DELETE /storage"


@pytest.mark.parametrize("path", [UPLOAD, ROW])
@pytest.mark.parametrize(
    "kind", ["drop", "lose", "late", "duplicate", "refuse", "timeout", "truncate", "delay"]
)
def test_one_fault_on_the_way_changes_nothing(
    bank: SampleBank, readers: Readers, project: Project, kind: str, path: str
) -> None:
    images = make_patients(bank, 2)
    readers.approve(*images)
    project.gateway.faults = faults = _script(project, Fault(kind=kind, path=path, seconds=0.05, times=2))
    with syncing(bank, project) as sync:
        assert set(sync.push().delivered) == set(images)
    project.gateway.settle()
    assert faults.injected[kind] == 2
    assert statuses(project) == expected(project, approved=images)
    assert set(feed(project).values()) == {1}
    assert objects(project) == named(project)


def _script(project: Project, *faults: Fault) -> Faults:
    project.gateway.faults = list(faults)
    return project.gateway.faults


@pytest.mark.parametrize("path", [ROW, REMOVAL])
@pytest.mark.parametrize("kind", ["lose", "late", "duplicate", "timeout"])
def test_a_removal_that_comes_late_removes_nothing_that_was_sent_after_it(
    bank: SampleBank, readers: Readers, project: Project, kind: str, path: str
) -> None:
    digest = make_patients(bank, 1)[0]
    verdicts = readers.approve(digest)
    with syncing(bank, project) as sync:
        sync.push()
        faults = _script(project, Fault(kind=kind, path=path, seconds=0.5))
        readers.revoke(*verdicts)
        sync.push()
        readers.approve(digest)
        sync.push()
        project.gateway.settle()
        assert statuses(project) == expected(project, approved=[digest])
        assert objects(project) == named(project) and faults.injected == {kind: 1}
        assert not sync.push().delivered


def test_a_late_upload_leaves_an_orphan_that_is_swept(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    digest = make_patients(bank, 1)[0]
    verdicts = readers.approve(digest)
    with syncing(bank, project) as sync:
        sync.push()
        path = next(one for one in objects(project) if "/image" in one)
        readers.revoke(*verdicts)
        sync.push()
        with project.client("publisher") as client:
            client.storage.from_("medsynth").upload(path, b"\x89PNG", {"content-type": "image/png"})
        assert sync.sweep() == [] and objects(project) == {path}  # it could be on its way
        assert sync.sweep(older_than=timedelta(0)) == [path]
        readers.approve(digest)
        sync.push()
        assert sync.sweep(older_than=timedelta(0)) == []
    assert objects(project) == named(project) != set()


def test_an_object_that_is_there_with_the_same_pixels_is_taken_and_with_others_is_a_conflict(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    first, second = make_patients(bank, 2)[:2]
    readers.approve(first, second)
    with syncing(bank, project) as sync:
        sync.state  # noqa: B018 - the project is opened
        for digest in (first, second):
            _put_before(project, bank, digest, same=digest == first)
        report = sync.push()
    assert report.delivered == (first,)
    (aside,) = report.conflicts
    assert aside[0] == second and "holds other pixels" in aside[1]
    assert statuses(project) == expected(project, approved=[first])


def _put_before(project: Project, bank: SampleBank, digest: str, *, same: bool) -> None:
    """Something lies where the image will be sent; the same pixels may be packed in another way."""

    event = max(one.id for one in events_after(bank, 0) if one.subject == digest)
    folder = f"{project.id}/{Names(project.key).sample(digest)}"
    place = Place(folder=folder, origin=identity_of(bank), event=event)
    pixels = bank.get(digest).image[0].numpy()
    written = BytesIO()
    Image.fromarray(pixels if same else np.zeros_like(pixels)).save(written, "PNG", compress_level=1)
    with project.client() as client:
        client.storage.from_("medsynth").upload(
            place.image, written.getvalue(), {"content-type": "image/png"}
        )


def test_a_project_that_is_away_loses_nothing(bank: SampleBank, readers: Readers, project: Project) -> None:
    images = make_patients(bank, 3)
    readers.approve(*images)
    with syncing(bank, project) as sync:
        project.gateway.down()
        with pytest.raises(SyncUnreachableError, match=r"cannot .*: .* at each of 4 tries; nothing is lost"):
            sync.push()
        project.gateway.up()
        project.gateway.faults = [Fault(kind="drop", path=ROW, times=99)]
        with pytest.raises(SyncUnreachableError, match="cannot write a sample"):
            sync.push()
        project.gateway.faults = []
        assert set(sync.push().delivered) == set(images)
    assert statuses(project) == expected(project, approved=images)
    assert objects(project) == named(project) and set(feed(project).values()) == {1}


def test_a_pause_that_the_server_names_is_kept(bank: SampleBank, readers: Readers, project: Project) -> None:
    readers.approve(make_patients(bank, 1)[0])
    with syncing(bank, project, changed={"longest_pause_s": 0.2}) as sync:
        project.gateway.faults = [Fault(kind="refuse", path=ROW, status=429, retry_after=1)]
        before = time.monotonic()
        assert sync.push().delivered
        assert time.monotonic() - before >= 1.0


def test_what_fails_each_time_does_not_stand_in_the_way_of_the_others(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    images = make_patients(bank, 3)
    readers.approve(*images)
    poisoned = Names(project.key).sample(images[0])
    with syncing(bank, project) as sync:
        for _ in range(2):
            project.gateway.faults = [
                Fault(kind="refuse", path=f"{UPLOAD}/.*{poisoned}", status=500, times=99)
            ]
            with pytest.raises(SyncUnreachableError):
                sync.push()
        assert statuses(project) == expected(project, approved=images[1:])
        project.gateway.faults = []
        assert sync.push().delivered == (images[0],)


def test_what_the_project_refuses_for_good_is_set_aside_with_its_reason(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    images = make_patients(bank, 2)
    readers.approve(*images)
    poisoned = Names(project.key).sample(images[0])
    fault = Fault(kind="refuse", path=f"{UPLOAD}/.*{poisoned}", status=413, times=99)
    with syncing(bank, project) as sync:
        project.gateway.faults = [fault]
        report = sync.push()
        ((digest, why),) = report.aside
        assert digest == images[0] and "the project answers 413" in why
        assert set(report.delivered) == set(images[1:])
        assert sync.push().aside == report.aside  # it is looked at again
        project.gateway.faults = []
        assert sync.push().delivered == (images[0],)


def test_a_token_that_expires_is_renewed(bank: SampleBank, readers: Readers, project: Project) -> None:
    images = make_patients(bank, 2)
    project.gateway.token_seconds = 1
    with syncing(bank, project) as sync:
        readers.approve(images[0])
        sync.push()
        time.sleep(1.3)
        readers.approve(images[1])
        sync.push()  # rows are asked for first
        readers.reject(images[1])
        sync.push()
    assert statuses(project) == expected(project, approved=images[:1], rejected=[images[1]])
    assert project.gateway.count("POST /auth/v1/token") >= 2


def test_a_token_that_expires_before_an_upload_is_renewed(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    with syncing(bank, project) as sync:
        project.gateway.token_seconds = 1
        sync.remote.sign_in()
        project.gateway.token_seconds = None
        time.sleep(1.3)
        listed = sync.remote.stored("list", lambda bucket: bucket.list("nothing"))
    assert listed == [] and project.gateway.count("POST /auth/v1/token") == 2


def test_a_user_whose_rights_were_taken_is_told_so(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    readers.approve(*make_patients(bank, 6))
    with syncing(bank, project) as sync:
        sync.project  # noqa: B018 - opened while the user still may
        project.rows(
            "delete from public.project_members where project = %s and role = 'publisher'", project.id
        )
        with pytest.raises(SyncAccessError, match="use a key or a user that may do this"):
            sync.push()
    assert not statuses(project) and not objects(project)
