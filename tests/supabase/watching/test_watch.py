"""A watch brings each side's news to the other at once, and outlasts whatever comes in between."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from medsynth_supabase.watching.watch import watch
from tests.corpus.quick_starter import write_quick_starter
from tests.supabase.gateway.faults import FaultPlan
from tests.supabase.gateway.project import Project
from tests.supabase.machines import Machine, Machines, insert, review_row
from tests.supabase.pushing.failing import FailingGate
from tests.supabase.syncing import syncing
from tests.supabase.watching.latency import Latency, measure

pytestmark = pytest.mark.supabase

PATIENCE_S = 60.0
NEVER_S = 600.0
"""So long that nothing in a test is found by asking now and then."""


@pytest.fixture
def machine(project: Project, machines: Machines) -> Machine:
    return machines(project, role="publisher", sends={"for_review": True})


@contextmanager
def watching(machine: Machine, *, every_s: float = NEVER_S) -> Iterator[threading.Thread]:
    """A watch in a thread; it must end without an error."""
    stop, problems = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            watch(machine.sync, stop, every_s=every_s, progress=False)
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive() and not problems, problems


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def joined(machine: Machine) -> None:
    """Wait until the watch hears of reviews."""
    until(lambda: machine.project.gateway.joined(machine.project.id))


def status_of(machine: Machine, digest: str) -> str | None:
    found = machine.project.rows(
        "select status from public.samples where project = %s and name = %s",
        machine.project.id, machine.names.sample(digest),
    )  # fmt: skip
    return found[0]["status"] if found else None


def test_an_approval_goes_up_and_a_review_comes_in_while_it_watches(
    machine: Machine, project: Project
) -> None:
    reader, here, (digest, other, *_) = (
        machine.enrol("Dr A", "reviewer"), machine.enrol("Dr B"), machine.shown(),
    )  # fmt: skip
    with watching(machine):
        until(lambda: status_of(machine, digest) == "pending")
        machine.reviews.record(digest, here, "approve")
        until(lambda: status_of(machine, digest) == "approved")
        joined(machine)
        insert(project, "reviews", review_row(project, reader.id, machine.seen(other)), role="reviewer")
        until(lambda: status_of(machine, other) == "approved")


def test_reviews_are_heard_after_the_connection_was_cut(machine: Machine, project: Project) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    machine.sync.push()
    with watching(machine):
        joined(machine)
        assert project.gateway.cut_websockets()
        insert(project, "reviews", review_row(project, reader.id, machine.seen(digest)), role="reviewer")
        until(lambda: machine.reviews.history(digest))


def test_it_hears_of_reviews_after_the_publishers_token_has_expired(
    machine: Machine, project: Project
) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    machine.sync.push()
    project.gateway.token_seconds = 2
    machine.sync = machine.new_sync()
    with watching(machine):
        joined(machine)
        time.sleep(4)
        joined(machine)
        insert(project, "reviews", review_row(project, reader.id, machine.seen(digest)), role="reviewer")
        until(lambda: machine.reviews.history(digest))


def test_it_outlasts_a_project_that_is_away_says_so_and_goes_on_by_itself(
    machine: Machine, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    reader, digest = machine.enrol("Dr A"), machine.shown()[0]
    with caplog.at_level(logging.INFO, "medsynth.sync"), watching(machine):
        until(lambda: status_of(machine, digest) == "pending")
        project.gateway.down()
        machine.reviews.record(digest, reader, "approve")
        until(lambda: any("nothing is lost" in one for one in caplog.messages))
        project.gateway.up()
        until(lambda: status_of(machine, digest) == "approved")
        until(lambda: any(one.startswith("it goes on after") for one in caplog.messages))


def test_a_project_that_refuses_everything_is_not_asked_without_pause(
    machine: Machine, project: Project
) -> None:
    machine.sync.push()
    project.gateway.faults = FaultPlan(seed=0, rates={"refuse": 1.0})
    with watching(machine):
        time.sleep(6)
        asked = project.gateway.count("/rest/v1/")
    assert 0 < asked <= 8 * machine.sync.settings.attempts


def test_an_idle_watch_asks_the_project_nothing(machine: Machine, project: Project) -> None:
    with watching(machine):
        joined(machine)
        time.sleep(2)
        before = project.gateway.count("/(rest|storage)/v1/")
        time.sleep(3)
        assert project.gateway.count("/(rest|storage)/v1/") == before


def test_a_bank_that_another_process_has_locked_is_waited_for(machine: Machine, project: Project) -> None:
    reader, digest = machine.enrol("Dr A", "reviewer"), machine.shown()[0]
    machine.sync.push()
    with watching(machine):
        joined(machine)
        with machine.bank.database.writing() as connection:
            connection.exec_driver_sql("update events set kind = kind where id = 1")
            insert(project, "reviews", review_row(project, reader.id, machine.seen(digest)), role="reviewer")
            time.sleep(2)
        until(lambda: machine.reviews.history(digest))


def test_it_outlasts_a_gate_that_fails_and_tells_what_is_taken_back(
    machine: Machine, project: Project
) -> None:
    reader, (digest, other, *_) = machine.enrol("Dr A"), machine.shown()
    verdict = machine.reviews.record(digest, reader, "approve")
    with syncing(machine.bank, project, gate=FailingGate(machine.bank, fails_on=(other,))) as sync:
        machine.sync = sync
        with watching(machine):
            until(lambda: status_of(machine, digest) == "approved")
            machine.reviews.record(other, reader, "approve")
            until(lambda: other in {one.subject for one in sync.state.aside()})
            machine.reviews.revoke(verdict.id, "seen on a bad screen")
            until(lambda: status_of(machine, digest) == "withdrawn")
    assert status_of(machine, other) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_watch_and_is_then_what_it_was_before(
    machine: Machine, number: signal.Signals
) -> None:
    before = signal.getsignal(number)

    def send() -> None:
        joined(machine)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    watch(machine.sync, progress=False)
    sender.join()
    assert signal.getsignal(number) == before


@pytest.mark.slow
def test_a_signal_ends_the_command_cleanly(machine: Machine, project: Project, tmp_path: Path) -> None:
    given = [sys.executable, "-m", "medsynth_aug.cli", "sync", "--bank", str(machine.bank.path), "--watch"]
    given += ["--checkpoint", str(write_quick_starter(tmp_path / "starter"))]
    environment = {
        **os.environ, **project.environment("publisher"), "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    process = subprocess.Popen(given, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        joined(machine)
        process.send_signal(signal.SIGTERM)
    finally:
        late = threading.Timer(60, process.kill)
        late.start()
        _, said = process.communicate()
        late.cancel()
    assert process.returncode == 0, said
    assert "Traceback" not in said and re.search(r"sent \d+, reviews taken 0", said)


def test_what_is_approved_here_is_seen_there_soon(
    project: Project, machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    """The figure is printed; the bound only says that each of them arrives."""
    machine = machines(project, 8, role="publisher")
    with watching(machine):
        found: Latency = measure(machine, 10)
    with capsys.disabled():
        print(f"\napprove here, see it there: {found}")
    assert found.n == 10 and found.slowest_s < 10
