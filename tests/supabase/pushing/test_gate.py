"""What the gate refuses, or fails on, is not shown; what is taken back waits for no gate."""

from collections.abc import Iterable

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import GateReport
from medsynth_supabase import Names
from tests.supabase.gateway.project import Project
from tests.supabase.material import MeasuredGate, Readers, make_patients
from tests.supabase.pushing.failing import FailingGate
from tests.supabase.syncing import expected, objects, statuses, syncing

pytestmark = pytest.mark.supabase


def test_a_gate_that_fails_keeps_no_revocation_back_and_is_asked_again(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    shown, new = make_patients(bank, 2)[:2]
    verdicts = readers.approve(shown)
    gate = FailingGate(bank, fails_on=(new,))
    with syncing(bank, project, gate=gate) as sync:
        sync.push()
        readers.approve(new)
        readers.revoke(*verdicts)
        report = sync.push()
        assert report.told == {"withdrawn": 1}
        ((digest, why),) = report.refused
        assert digest == new and why == (
            "the publish gate does not answer: the training index is damaged; each sync asks it again"
        )
        assert statuses(project) == expected(project, withdrawn=[shown]) and not objects(project)
        gate.fails_on = ()
        assert sync.push().delivered == (new,)
    assert statuses(project) == expected(project, approved=[new], withdrawn=[shown])


def test_what_is_taken_back_is_told_before_the_gate_is_asked(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    shown, new = make_patients(bank, 2)[:2]
    verdicts = readers.approve(shown)
    seen = []

    class Looking(FailingGate):
        def check(self, digests: Iterable[str]) -> GateReport:
            seen.append(statuses(project))
            return super().check(digests)

    with syncing(bank, project, gate=Looking(bank)) as sync:
        sync.push()
        readers.approve(new)
        readers.revoke(*verdicts)
        sync.push()
    assert seen[-1] == expected(project, withdrawn=[shown])


def test_a_known_copy_goes_to_no_reviewer_though_its_approval_is_revoked(
    bank: SampleBank, readers: Readers, project: Project
) -> None:
    copy = make_patients(bank, 1)[0]
    options = {"gate": MeasuredGate(bank, copies=(copy,)), "for_review": True}
    with syncing(bank, project, **options) as sync:
        sync.push()
        assert statuses(project)[Names(project.key).sample(copy)] == "pending"  # nobody judged it yet
        verdicts = readers.approve(copy)
        sync.push()
        assert statuses(project)[Names(project.key).sample(copy)] == "withdrawn"
        readers.revoke(*verdicts)
        for _ in range(2):
            ((digest, why),) = sync.push().refused
            assert digest == copy and "a copy of a training film" in why
    assert statuses(project)[Names(project.key).sample(copy)] == "withdrawn"
    assert not [path for path in objects(project) if Names(project.key).sample(copy) in path]
