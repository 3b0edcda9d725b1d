"""What leaves the machine: nothing real without consent, no digest in any case, and no secret in any text."""

import logging
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.consent import has_consent
from medsynth_aug.errors import ConsentError, SyncAccessError, SyncUnreachableError
from tests.supabase.gateway.faults import Fault
from tests.supabase.gateway.project import Project
from tests.supabase.material import Readers, every_digest, make_patients, painted_on_real
from tests.supabase.syncing import (
    Recorder,
    content,
    expected,
    named,
    objects,
    row_of,
    settings_of,
    statuses,
    syncing,
)  # fmt: skip

pytestmark = pytest.mark.supabase

CONSENTS = {"real_records_may_leave": True, "real_pixels_may_leave": True}


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SampleBank]:
    opened = SampleBank(tmp_path / "bank-of-somebody")
    yield opened
    opened.close()


def test_nothing_that_is_sent_holds_a_digest_a_path_or_a_user_name(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    images = make_patients(bank, 3)
    painted, sources = painted_on_real(bank, 2)
    verdicts = readers.approve(*images[:-1], *painted)
    project.gateway.faults = recorder = Recorder()
    options = {"for_review": True, "reviews": True, **CONSENTS}
    with syncing(bank, project, "service_role", **options) as sync:
        sync.push()
        readers.make_anew(images[0])
        readers.revoke(verdicts[1])
        bank.forget(painted[0])
        sync.push()
        sync.sweep()
    kinds = ("rpc/put_sample", "POST /storage/v1/object/medsynth", "DELETE /storage", "rest/v1/reviews")
    assert all(recorder.count(kind) for kind in kinds)
    sent, digests = recorder.text, every_digest(bank, sources)
    assert len(digests) > 10 and len(sent) > 10_000
    assert not [digest for digest in digests if digest in sent]
    assert not [source for source in sources if source.removeprefix("real:")[:16] in sent]
    assert str(bank.path) not in sent and "bank-of-somebody" not in sent and "Dr A" not in sent
    user = os.environ.get("USER") or Path.home().name
    assert len(user) < 5 or user not in sent  # "root" stands in many words


def test_no_secret_is_logged_stored_or_shown(
    bank: SampleBank, readers: Readers, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    readers.approve(*make_patients(bank, 2))
    said = []
    with caplog.at_level(logging.DEBUG):
        for role in ("publisher", "service_role"):
            settings = settings_of(project, role)
            with syncing(bank, project, role) as sync:
                project.gateway.faults = [Fault(kind="drop", path="rpc/put_sample", times=99)]
                with pytest.raises(SyncUnreachableError) as told:
                    sync.push()
                project.gateway.faults = [Fault(kind="refuse", path="rpc/put_sample", status=400, times=1)]
                report = sync.push()
                said += [repr(sync), repr(sync.remote), repr(settings), str(told.value), repr(report)]
                said += [repr(told.value.__cause__), repr(sync.remote.names), str(sync.project)]
    secrets = {one for role in ("publisher", "service_role") for one in settings_of(project, role).secrets}
    assert len(secrets) == 4 and caplog.records
    written = [file.read_bytes() for file in (bank.path / "sync").iterdir()]
    assert written
    for secret in secrets:
        assert secret not in caplog.text and not [one for one in said if secret in one]
        assert not [one for one in written if secret.encode() in one]
        assert not [
            file for file in bank.path.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()
        ]


def test_a_painted_real_image_stays_home_without_consent(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    painted, _ = painted_on_real(bank)
    readers.approve(*painted)
    with syncing(bank, project, "service_role", for_review=True, reviews=True) as sync:
        assert not sync.push().delivered
    assert not statuses(project) and not objects(project)
    assert not project.rows("select id from public.reviews where project = %s", project.id)


def test_with_one_consent_the_row_goes_and_with_two_the_pixels(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    (digest,), _ = painted_on_real(bank)
    readers.approve(digest)
    with syncing(bank, project, "service_role", real_records_may_leave=True) as sync:
        sync.push()
    row = row_of(project, digest)
    assert (row["status"], row["virtual"], row["object"], row["patient"]) == ("approved", False, None, None)
    assert row["lesion"] == "nodule" and row["findings"][0]["mask"] is None and not objects(project)
    with syncing(bank, project, "service_role", **CONSENTS) as sync:
        sync.push()
    row = row_of(project, digest)
    assert row["object"].startswith(f"{project.id}/real/") and objects(project) == named(project)
    pixels = np.array(Image.open(BytesIO(content(project, row["object"], "reader"))))
    assert np.array_equal(pixels, bank.get(digest).image[0].numpy())
    place = f"supabase:{settings_of(project).host}/{project.id}"
    assert has_consent(bank, "real_records_may_leave", place) and has_consent(
        bank, "real_pixels_may_leave", place
    )
    with syncing(bank, project) as sync:  # both are noted, so that nobody need say it again
        assert not sync.push().delivered
        readers.reject(digest)
        sync.push()
    assert statuses(project) == expected(project, rejected=[digest]) and not objects(project)


def test_pixels_without_records_are_refused(bank: SampleBank, project: Project) -> None:
    with (
        syncing(bank, project, "service_role", real_pixels_may_leave=True) as sync,
        pytest.raises(ConsentError, match="go nowhere without their records"),
    ):
        sync.push()


def test_a_consent_that_only_one_side_gave_is_none(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    painted, _ = painted_on_real(bank)
    readers.approve(*painted)
    with (
        syncing(bank, project, real_records_may_leave=True) as sync,
        pytest.raises(SyncAccessError, match="has not recorded that real_records_may_leave; run this once"),
    ):
        sync.push()
    with syncing(bank, project) as sync:
        assert not sync.push().delivered
    assert not statuses(project)


def test_a_consent_that_the_owner_takes_back_takes_the_rows_away(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    painted, _ = painted_on_real(bank)
    readers.approve(*painted)
    with syncing(bank, project, "service_role", **CONSENTS) as sync:
        sync.push()
    assert objects(project)
    _take_consents_back(project)
    with syncing(bank, project) as sync:
        assert sync.push().told == {"forgotten": 1}
    assert not statuses(project) and not objects(project)


def _take_consents_back(project: Project) -> None:
    none = "real_records_consent_at = null, real_pixels_consent_at = null"
    project.rows(f"update public.projects set {none} where id = %s", project.id)


def test_a_consent_that_is_taken_back_while_a_sync_is_open_counts_from_its_next_push(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    first, second = painted_on_real(bank, 2)[0]
    readers.approve(first)
    with syncing(bank, project, "service_role", **CONSENTS) as sync:
        sync.push()
        assert objects(project)
        _take_consents_back(project)
        readers.approve(second)
        project.gateway.faults = recorder = Recorder()
        assert sync.push().told == {"forgotten": 1}
    assert recorder.count("POST /storage/v1/object/medsynth") == 0
    assert not statuses(project) and not objects(project)


@pytest.mark.parametrize("refused", ["rpc/put_sample", "object/medsynth/.*mask"])
def test_no_pixels_stay_where_a_project_refuses_their_row_or_their_mask(
    bank: SampleBank, readers: Readers, project: Project, refused: str
) -> None:
    (painted,), _ = painted_on_real(bank)
    readers.approve(painted)
    with syncing(bank, project, "service_role", **CONSENTS) as sync:
        project.gateway.faults = [Fault(kind="refuse", path=refused, status=400)]
        report = sync.push()
        assert [digest for digest, _ in report.aside] == [painted] and not objects(project)
        assert sync.push().delivered == (painted,)
    assert objects(project) == named(project) != set()
