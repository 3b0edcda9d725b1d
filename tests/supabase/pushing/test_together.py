"""Several banks, copies of a bank and processes that send to one project."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_supabase.state.subject import Subject
from tests.supabase.gateway.project import Project
from tests.supabase.material import MeasuredGate, Readers, make_patients
from tests.supabase.syncing import expected, feed, named, objects, statuses, syncing

pytestmark = pytest.mark.supabase

UPLOAD, ROW, REMOVAL = r"POST /storage/v1/object/medsynth", r"rpc/put_sample", r"DELETE /storage"


def test_two_banks_with_other_pixels_for_one_request_are_a_conflict_and_the_first_one_stays(
    bank: SampleBank, readers: Readers, project: Project, tmp_path: Path
) -> None:
    digest = make_patients(bank, 1)[0]
    other = SampleBank(tmp_path / "other")
    make_patients(other, 1)
    sample = other.get(digest)
    other.forget(digest)
    changed = sample.image.clone()
    changed[0, 0, 0] += 1
    values = {name: getattr(sample, name) for name in type(sample).__slots__}
    other.add(type(sample)(**(values | {"image": changed})))
    others = Readers(other)
    readers.approve(digest)
    others.approve(digest)
    with syncing(bank, project) as first, syncing(other, project) as second:
        first.push()
        held = objects(project)
        for _ in range(2):
            report = second.push()
            ((conflicting, why),) = report.conflicts
            assert conflicting == digest and "brought other pixels" in why
            assert objects(project) == held == named(project)
        others.reject(digest)  # its own pixels, which the project never held
        second.push()
        assert statuses(project) == expected(project, approved=[digest])
    other.close()


def test_two_banks_with_the_same_sample_agree_and_the_more_cautious_word_counts(
    bank: SampleBank, readers: Readers, project: Project, tmp_path: Path
) -> None:
    digest = make_patients(bank, 1)[0]
    other = SampleBank(tmp_path / "other")
    make_patients(other, 1)
    others = Readers(other)
    readers.approve(digest)
    others.approve(digest)
    with syncing(bank, project) as first, syncing(other, project) as second:
        first.push()
        second.push()
        assert statuses(project) == expected(project, approved=[digest])
        assert named(project) <= objects(project)
        others.reject(digest)
        second.push()
        assert statuses(project) == expected(project, rejected=[digest]) and not objects(project)
        assert not first.push().delivered  # another one took it back
        other.forget(digest)
        second.push()
        assert statuses(project) == expected(project, withdrawn=[digest])  # its pixels are gone
        first.push()
        assert statuses(project) == expected(project, approved=[digest])
        assert objects(project) == named(project) != set()
    other.close()


def test_what_another_machine_of_the_bank_told_meanwhile_is_looked_at_again(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    digest = make_patients(bank, 1)[0]
    readers.approve(digest)
    with syncing(bank, project) as sync:
        sync.push()
        project.rows("update public.sample_states set event = 99 where project = %s", project.id)
        readers.reject(digest)
        report = sync.push()
    ((aside, why),) = report.aside
    assert aside == digest and "another machine of the bank sent them meanwhile" in why
    assert isinstance(sync.state.of("sample", [digest])[digest], Subject)


def test_pushes_of_two_processes_do_not_disturb_each_other(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    images = make_patients(bank, 4)
    readers.approve(*images)
    with (
        syncing(bank, project) as first, syncing(bank, project, gate=MeasuredGate(bank)) as second,
        ThreadPoolExecutor(2) as pool,
    ):  # fmt: skip
        reports = list(pool.map(lambda sync: sync.push(), (first, second)))
    delivered = [digest for report in reports for digest in report.delivered]
    assert sorted(delivered) == sorted(images)
    assert set(feed(project).values()) == {1} and objects(project) == named(project)
