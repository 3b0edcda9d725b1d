"""A sync that is killed at any moment is simply run again: everything is there, once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from medsynth_aug.bank import SampleBank
from tests.supabase.gateway.project import Project
from tests.supabase.material import Readers, make_patients
from tests.supabase.syncing import expected, feed, named, objects, statuses, syncing

pytestmark = pytest.mark.supabase

PROGRAM = """
import sys
from medsynth_aug.bank import SampleBank
from medsynth_supabase import SupabaseSync, SyncSettings
from tests.supabase.material import MeasuredGate
bank = SampleBank(sys.argv[1])
gate, settings = MeasuredGate(bank), SyncSettings.from_environment()
sync = SupabaseSync(bank, settings, gate=gate, for_review=True, reviews=True)
sync.project
print("begins", flush=True)
sync.push()
print("done", flush=True)
"""


def start(bank: SampleBank, project: Project, root: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        **project.environment("service_role"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, bank.path],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=root,
    )
    assert process.stdout is not None and process.stdout.readline() == "begins\n"
    return process


@pytest.mark.slow
def test_a_sync_that_is_killed_again_and_again_delivers_everything_once(
    project: Project, tmp_path: Path, root: Path, repeat: int
) -> None:
    chance, bank = np.random.default_rng(0), SampleBank(tmp_path / "bank")
    readers, killed, pushed_s = Readers(bank), 0, 1.0
    shown: list[str] = []
    taken_back: list[str] = []
    pending: list[str] = []
    for turn in range(6 * repeat):
        new = make_patients(bank, 3, first=3 * turn)
        approved, pending = new[:-1], [*pending, new[-1]]
        readers.approve(*approved)
        shown += approved
        if turn % 2:
            digest = shown.pop(0)
            readers.reject(digest)
            taken_back.append(digest)
        began = time.monotonic()
        with start(bank, project, root) as process:
            time.sleep(float(chance.uniform(0, pushed_s)))
            killed += process.poll() is None
            os.kill(process.pid, signal.SIGKILL)
        pushed_s = min(pushed_s, time.monotonic() - began)
    assert killed >= repeat
    with start(bank, project, root) as process:
        assert process.stdout is not None and process.stdout.read() == "done\n" and process.wait() == 0
    told = statuses(project)
    gone = {name: status for name, status in told.items() if status == "rejected"}
    assert told == expected(project, approved=shown, pending=pending) | gone
    assert gone.keys() <= expected(project, rejected=taken_back).keys()
    assert set(feed(project).values()) == {1} and objects(project) == named(project)
    with syncing(bank, project, "service_role", for_review=True, reviews=True) as sync:
        assert not sync.push().delivered
    bank.close()
