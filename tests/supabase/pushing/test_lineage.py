"""A bank that was copied or restored is told so before it says anything, and may go on as one of its own."""

import shutil
import threading
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import identity_of, last_event
from medsynth_aug.errors import ForkedBankError, SyncUnreachableError
from tests.postgres import running_cluster
from tests.supabase.gateway.faults import Fault
from tests.supabase.gateway.project import Project
from tests.supabase.material import Readers, make_patients
from tests.supabase.syncing import Recorder, expected, named, objects, statuses, syncing

pytestmark = pytest.mark.supabase


def copy_of(bank: SampleBank, folder: Path) -> SampleBank:
    """Another folder with all of a bank, its state of the sync too."""
    bank.close()
    shutil.copytree(bank.path, folder)
    return SampleBank(folder)


def heads(project: Project) -> list[int]:
    """The event at which each bank stands in the project, the smallest first."""
    query = "select event from public.banks where project = %s order by event"
    return [row["event"] for row in project.rows(query, project.id)]


def test_a_restored_bank_is_told_so_and_sends_nothing_until_it_is_one_of_its_own(
    bank: SampleBank, readers: Readers, project: Project, tmp_path: Path
) -> None:
    digest, other, third, fourth = make_patients(bank, 4)[:4]
    readers.approve(other)
    with syncing(bank, project, runs=True) as sync:
        sync.push()
    restored = copy_of(bank, tmp_path / "backup")
    readers.approve(digest, third, fourth)
    with syncing(bank, project) as sync:
        sync.push()
    readers.reject(fourth)
    with syncing(bank, project) as sync:
        sync.push()
    held = statuses(project)
    for _ in range(9):  # until the numbers of events are above all that the project knows
        Readers(restored).reject(digest)
    project.gateway.faults = recorded = Recorder()
    with syncing(restored, project, runs=True) as sync:
        with pytest.raises(
            ForkedBankError, match=r"restored from an older state, or is a copy.* --new-identity"
        ):
            sync.push()
        assert statuses(project) == held and not recorded.count("put_sample|/storage/")
        before = identity_of(restored)
        assert sync.renew_identity() == identity_of(restored) != before
        report = sync.push()
        assert report.told == {"rejected": 1, "approved": 1} and not report.aside + report.conflicts
        assert statuses(project) == expected(project, rejected=[digest], approved=[other, third]) | {
            name: "rejected" for name, status in held.items() if status == "rejected"
        }
        assert objects(project) >= named(project) != set() and not sync.push().delivered
    assert len(heads(project)) == 2
    restored.close()


def test_records_that_were_restored_under_a_newer_state_are_told_so(
    bank: SampleBank, readers: Readers, project: Project, tmp_path: Path
) -> None:
    digest = make_patients(bank, 1)[0]
    backup = copy_of(bank, tmp_path / "backup")
    backup.close()
    readers.approve(digest)
    with syncing(bank, project) as sync:
        sync.push()
    bank.close()
    shutil.copytree(bank.path / "sync", backup.path / "sync")
    with syncing(backup, project) as sync:
        with pytest.raises(ForkedBankError):
            sync.push()
        sync.renew_identity()
        Readers(backup).approve(digest)
        assert sync.push().told == {"approved": 1}
        assert objects(project) >= named(project) != set()
    backup.close()


@pytest.mark.parametrize("original_first", [True, False])
def test_of_a_bank_and_its_copy_the_one_that_comes_second_is_told(
    bank: SampleBank, readers: Readers, project: Project, tmp_path: Path, original_first: bool
) -> None:
    digest = make_patients(bank, 1)[0]
    readers.approve(digest)
    with syncing(bank, project) as sync:
        sync.push()
    copy = copy_of(bank, tmp_path / "copy")
    with syncing(bank, project) as sync, syncing(copy, project) as other:
        sync.push()
        other.push()  # as long as nothing happens they are one bank
        first, second = (sync, other) if original_first else (other, sync)
        Readers(first.bank).reject(digest)
        Readers(second.bank).approve(digest)
        first.push()
        for _ in range(2):
            with pytest.raises(ForkedBankError):
                second.push()
        second.renew_identity()
        second.push()
        first.push()
        assert statuses(project) == expected(project, rejected=[digest]) and not objects(project)
    copy.close()


def test_a_copy_that_was_synced_meanwhile_is_noticed_before_a_number_is_used_twice(
    bank: SampleBank, readers: Readers, project: Project, tmp_path: Path
) -> None:
    images = make_patients(bank, 1)
    with syncing(bank, project, for_review=True) as sync:
        assert sync.push().told == {"pending": len(images)}
    copy = copy_of(bank, tmp_path / "copy")
    with syncing(bank, project, for_review=False) as sync:
        assert sync.push().told == {
            "withdrawn": len(images)
        }  # under the number of an event that it wrote itself
    Readers(copy).reject(images[0])
    with syncing(copy, project) as other, pytest.raises(ForkedBankError):
        other.push()
    last = last_event(bank)
    assert last is not None and heads(project) == [last.id]
    copy.close()


def test_an_answer_that_is_lost_is_asked_for_again(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    digests = make_patients(bank, 2)[:2]
    for told in digests:
        readers.approve(told)
        project.gateway.faults = [Fault(kind="lose", path="/rest/v1/rpc/advance_bank")]
        with syncing(bank, project) as sync:
            assert sync.push().told == {"approved": 1}
    readers.reject(digests[0])
    project.gateway.faults = [Fault(kind="lose", path="/rest/v1/rpc/advance_bank")]
    with syncing(bank, project, changed={"attempts": 1}) as sync:
        with pytest.raises(SyncUnreachableError, match="compare the bank"):
            sync.push()
        assert sync.push().told == {"rejected": 1}


@pytest.mark.postgres
def test_machines_of_one_bank_that_sync_at_a_time_are_no_copies(project: Project, tmp_path: Path) -> None:
    with running_cluster() as cluster:
        records, pixels = cluster.new_database(), (tmp_path / "pixels").as_uri()
        banks = [SampleBank(tmp_path / name, records=records, pixels=pixels) for name in ("first", "second")]
        images = make_patients(banks[0], 4)[:6]
        readers, problems, ended = Readers(banks[0]), list[BaseException](), threading.Event()

        def push(bank: SampleBank) -> None:
            try:
                with syncing(bank, project) as sync:
                    while not ended.is_set():
                        sync.push()
            except BaseException as problem:
                problems.append(problem)

        readers.approve(images[0])
        with syncing(banks[0], project) as sync:
            sync.push()
        threads = [threading.Thread(target=push, args=(bank,)) for bank in banks]
        for thread in threads:
            thread.start()
        for digest in images[1:]:
            readers.approve(digest)
        readers.reject(images[0])
        ended.set()
        for thread in threads:
            thread.join(60)
        assert not problems
        for bank in banks:
            with syncing(bank, project) as sync:
                sync.push()
        assert statuses(project) == expected(project, rejected=images[:1], approved=images[1:])
        last = last_event(banks[0])
        assert last is not None and heads(project) == [last.id]
        for bank in banks:
            bank.close()
