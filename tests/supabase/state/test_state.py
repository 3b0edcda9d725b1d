"""The state of a sync survives whatever ends the process, and holds no secret."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from medsynth_aug.errors import SyncError
from medsynth_supabase.state.frontier import Clock, Frontier
from medsynth_supabase.state.state import SyncState

CLOCK = Clock(oldest=3, following=4, time_s=1.5)
A, B = ("sample", "a" * 64), ("sample", "b" * 64)


@pytest.fixture
def state(tmp_path: Path) -> SyncState:
    return SyncState(tmp_path, "project")


def test_the_frontier_and_what_was_met_are_written_together(state: SyncState, tmp_path: Path) -> None:
    frontier = Frontier().seen([2, 5], CLOCK)
    state.follow(frontier, {A: 2, B: 5})
    again = SyncState(tmp_path, "project")
    assert again.frontier == frontier and again.file == tmp_path / "sync" / "project.sqlite"
    assert [(one.subject, one.event) for one in again.outstanding("sample")] == [(A[1], 2), (B[1], 5)]


def test_a_delivered_event_is_done_until_there_is_a_newer_one(state: SyncState) -> None:
    state.touch({A: 2})
    state.deliver(state.outstanding("sample")[0])
    assert not state.outstanding("sample")
    state.touch({A: 1})
    assert not state.outstanding("sample")
    state.touch({A: 7})
    assert [one.event for one in state.outstanding("sample")] == [7]


def test_news_that_come_during_the_work_on_a_subject_stay_outstanding(state: SyncState) -> None:
    state.touch({A: 2})
    known = state.outstanding("sample")[0]
    state.touch({A: 3})
    state.deliver(known)
    assert [(one.event, one.delivered) for one in state.outstanding("sample")] == [(3, 2)]


def test_what_is_being_told_is_unsure_until_it_was_answered(state: SyncState) -> None:
    state.touch({A: 2})
    known = replace(
        state.outstanding("sample")[0], told="approved", told_event=2, pixels="p", objects_event=2
    )
    state.telling(known)
    assert state.of("sample", [A[1]])[A[1]].unsure
    state.deliver(replace(known, sha256="s"), answer="approved")
    found = state.of("sample", [A[1]])[A[1]]
    assert (found.unsure, found.told, found.told_event, found.sha256) == (False, "approved", 2, "s")
    assert [one.subject for one in state.told("sample", "approved")] == [A[1]]


def test_what_is_set_aside_is_looked_at_again_after_all_others(state: SyncState) -> None:
    state.touch({A: 2, B: 5})
    first = state.outstanding("sample")[0]
    state.deliver(first)
    state.set_aside(first, "the gate refuses it")
    found = state.outstanding("sample")
    assert [one.subject for one in found] == [B[1], A[1]]
    assert [(one.problem, one.tries) for one in state.aside()] == [("the gate refuses it", 1)]
    state.touch({A: 6})
    assert not state.aside()


def test_subjects_are_found_by_patient_and_looked_at_again(state: SyncState) -> None:
    state.touch({A: 2, B: 5})
    state.shows({A[1]: "vp-1", B[1]: "vp-1"})
    for one in state.outstanding("sample"):
        state.deliver(one)
    state.again("sample", [one.subject for one in state.of_patients(["vp-1", "vp-2"])])
    assert {one.subject for one in state.outstanding("sample")} == {A[1], B[1]}


def test_what_a_project_refused_for_sure_is_taken_back(state: SyncState) -> None:
    state.touch({A: 2})
    sure = replace(state.outstanding("sample")[0], told="approved", told_event=2, pixels="p", objects_event=2)
    state.telling(sure)
    state.deliver(sure, answer="approved")
    sure = state.of("sample", [A[1]])[A[1]]
    state.telling(replace(sure, told="approved", told_event=9, pixels="q", objects_event=9))
    state.held_as(sure, "approved", 2)
    assert state.of("sample", [A[1]])[A[1]] == sure
    state.held_as(replace(sure, unsure=True), None, 0)
    found = state.of("sample", [A[1]])[A[1]]
    assert (found.told, found.pixels, found.objects_event, found.unsure) == (None, None, 0, False)


def test_a_file_of_another_version_is_refused_with_the_way_out(state: SyncState, tmp_path: Path) -> None:
    state.set_note("schema", 99)
    with pytest.raises(SyncError, match="was written by another version; delete it"):
        SyncState(tmp_path, "project")


def test_a_file_that_is_no_state_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "sync").mkdir()
    (tmp_path / "sync" / "project.sqlite").write_text(
        "something else, and long enough to be no database" * 20
    )
    with pytest.raises(
        SyncError, match=r"project\.sqlite cannot be used \(.*\); make room or mend its rights"
    ):
        SyncState(tmp_path, "project")


WRITER = """
import sys
from pathlib import Path
from medsynth_supabase.state.frontier import Clock
from medsynth_supabase.state.state import SyncState
state, number = SyncState(Path(sys.argv[1]), "project"), 0
while True:
    number += 1
    clock = Clock(oldest=0, following=0, time_s=0.0)
    state.follow(state.frontier.seen([number], clock), {("sample", str(number)): number})
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_frontier_and_subjects_in_step(tmp_path: Path, repeat: int) -> None:
    for turn in range(2 * repeat):
        folder = tmp_path / str(turn)
        process = subprocess.Popen([sys.executable, "-c", WRITER, folder], stdout=subprocess.PIPE, text=True)
        with process:
            assert process.stdout is not None
            said = 0
            for line in process.stdout:
                said = int(line)
                if said >= 5 + 7 * turn:
                    os.kill(process.pid, signal.SIGKILL)
                    break
        state = SyncState(folder, "project")
        assert state.frontier.top >= said
        assert {one.event for one in state.outstanding("sample")} == set(range(1, state.frontier.top + 1))


def test_what_is_wanted_holds_until_it_is_said_otherwise(state: SyncState, tmp_path: Path) -> None:
    assert not any(state.wishes.values())
    state.wish({"for_review": True, "reviews": None})
    state.wish({"for_review": None, "runs": True, "reviews": False})
    again = SyncState(tmp_path, "project")
    assert again.wishes == {"for_review": True, "reviews": False, "runs": True}
    again.wish({"for_review": False})
    assert state.wishes == {"for_review": False, "reviews": False, "runs": True}


def test_a_state_of_another_bank_is_begun_anew_and_keeps_copies_and_wishes(state: SyncState) -> None:
    state.belong("first")
    state.follow(Frontier(top=3), {("sample", "a"): 3})
    state.set_note("copies", ["a"])
    state.wish({"runs": True})
    state.belong("first")
    assert state.frontier.top == 3 and state.outstanding("sample")
    state.belong("second")
    assert state.frontier == Frontier() and not state.all("sample")
    assert state.note("copies") == ["a"] and state.wishes["runs"]
