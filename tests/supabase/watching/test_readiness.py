"""A watch waits for no gate that is not ready yet: only approvals do, and they are told why."""

import logging
import threading

import pytest

from medsynth_supabase.watching.readiness import PREPARING
from medsynth_supabase.watching.status import Status
from tests.supabase.gateway.project import Project
from tests.supabase.machines import Machine, Machines, insert, review_row
from tests.supabase.pushing.failing import WarmingGate
from tests.supabase.syncing import syncing
from tests.supabase.watching.test_watch import joined, status_of, until, watching

pytestmark = pytest.mark.supabase


@pytest.fixture
def machine(project: Project, machines: Machines) -> Machine:
    return machines(project, role="publisher", sends={"for_review": True})


def test_while_a_gate_is_made_ready_only_approvals_wait(machine: Machine, project: Project) -> None:
    there, here = machine.enrol("Dr A", "reviewer"), machine.enrol("Dr B")
    digest, other, third = machine.shown()[:3]
    verdict = machine.reviews.record(digest, here, "approve")
    machine.sync.push()
    gate = WarmingGate(machine.bank)
    with syncing(machine.bank, project, gate=gate, for_review=True) as machine.sync:
        with machine.sync.gate.made_ready(), watching(machine):
            machine.reviews.revoke(verdict.id, "seen on a bad screen")
            until(lambda: status_of(machine, digest) == "pending")
            machine.reviews.record(other, here, "approve")
            until(lambda: machine.sync.held_up() == [f"{PREPARING}; each sync asks it again"])
            joined(machine)
            insert(project, "reviews", review_row(project, there.id, machine.seen(third)), role="reviewer")
            until(lambda: machine.state(third) == "approved")
            assert not gate.asked and status_of(machine, other) == "pending"
            gate.let.set()
            until(lambda: status_of(machine, other) == status_of(machine, third) == "approved")
        assert not machine.sync.held_up() and gate.warmed == 1


def test_a_gate_that_cannot_be_made_ready_ends_no_watch_and_is_tried_again(
    machine: Machine, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    reader, digest = machine.enrol("Dr A"), machine.shown()[0]
    gate = WarmingGate(machine.bank, problem="the training index is damaged")
    gate.let.set()
    with (
        caplog.at_level(logging.INFO, "medsynth.sync"),
        syncing(machine.bank, project, gate=gate) as machine.sync,
        machine.sync.gate.made_ready(again_s=0.1),
        watching(machine),
    ):
        machine.reviews.record(digest, reader, "approve")
        until(lambda: machine.sync.held_up() == ["the training index is damaged; each sync asks it again"])
        until(lambda: "nothing can be approved: the training index is damaged" in caplog.messages)
        gate.problem = ""
        until(lambda: status_of(machine, digest) == "approved")
        until(lambda: any(one.startswith("the gate answers after") for one in caplog.messages))
    assert gate.warmed > 1


def test_watching_makes_its_gate_ready(machine: Machine, project: Project) -> None:
    gate, stop = WarmingGate(machine.bank), threading.Event()
    gate.let.set()
    with syncing(machine.bank, project, gate=gate) as sync:
        thread = threading.Thread(target=sync.watch, args=(stop,), kwargs={"progress": False})
        thread.start()
        until(lambda: gate.warmed)
        stop.set()
        thread.join()


def test_the_line_says_since_when_and_why_nothing_can_be_approved_and_how_many_wait() -> None:
    with Status(shown=False) as status:
        status.gated("the index is damaged", 0)
        status.well()
        assert ": the index is damaged, watching" in status.text
        since = status.text.partition("nothing can be approved since ")[2][:8]
        status.gated("the index is gone", 3)
        status.well()
        assert f"approved since {since}: the index is gone, 3 approved images wait" in status.text
        status.gated("", 0)
        status.well()
        assert status.text == "sent 0, reviews taken 0, watching"
