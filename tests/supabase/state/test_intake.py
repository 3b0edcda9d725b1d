"""Events of a bank reach the state of a sync, also those that PostgreSQL makes visible out of turn."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import events_after, last_event
from medsynth_aug.bank.schema import events
from medsynth_supabase.state import frontier, intake
from medsynth_supabase.state.intake import follow
from medsynth_supabase.state.state import SyncState
from tests.postgres import Cluster, running_cluster
from tests.supabase.material import Readers, make_patients


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> SyncState:
    return SyncState(tmp_path, "project")


def note(connection: Connection, subject: str) -> int:
    row = {"kind": "sample", "subject": subject, "at": datetime.now(UTC)}
    return connection.execute(events.insert().values(**row).returning(events.c.id)).scalar_one()


def latest(bank: SampleBank) -> int:
    event = last_event(bank)
    return 0 if event is None else event.id


def known(state: SyncState) -> dict[str, int]:
    return {one.subject: one.event for one in state.outstanding("sample")}


def test_every_event_is_taken_a_page_at_a_time(
    tmp_path: Path, state: SyncState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PAGE", 3)
    bank = SampleBank(tmp_path / "bank")
    images = make_patients(bank, 2)
    verdicts = Readers(bank).approve(*images)
    follow(bank, state, until=latest(bank))
    told = events_after(bank, 0, limit=10_000)
    assert state.frontier.top == told[-1].id and not state.frontier.gaps
    assert known(state) == {
        one.subject: max(each.id for each in told if each.subject == one.subject)
        for one in told
        if one.kind in ("sample", "acceptance")
    }
    assert {one.subject for one in state.outstanding("verdict")} == set(verdicts)
    assert len(state.outstanding("patient")) == 2
    bank.close()


def test_events_above_the_one_that_was_asked_for_are_left_for_the_next_time(
    bank: SampleBank, state: SyncState
) -> None:
    first, second = make_patients(bank, 1)[0], make_patients(bank, 1, first=5)[0]
    told = {one.subject: one.id for one in events_after(bank, 0) if one.kind == "sample"}
    follow(bank, state, until=told[first])
    assert second not in known(state) and state.frontier.top == told[first]
    follow(bank, state, until=latest(bank))
    assert known(state).keys() >= {first, second}


@pytest.mark.postgres
def test_a_transaction_that_commits_late_is_waited_for(
    tmp_path: Path, state: SyncState, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "SETTLING_S", 0.0)
    bank = SampleBank(tmp_path / "bank", records=cluster.new_database(), real_records_may_leave=True)
    follow(bank, state, until=latest(bank))
    start = state.frontier.watermark
    with bank.database.writing() as slow:
        late = note(slow, "late")
        for subject in ("early", "earlier"):
            with bank.database.writing() as quick:
                note(quick, subject)
            follow(bank, state, until=latest(bank))
            follow(bank, state, until=latest(bank))
            assert subject in known(state) and "late" not in known(state)
            assert state.frontier.watermark == late - 1 >= start
    follow(bank, state, until=latest(bank))
    assert known(state)["late"] == late and not state.frontier.gaps
    bank.close()


@pytest.mark.postgres
def test_a_transaction_that_failed_is_waited_for_no_longer(
    tmp_path: Path, state: SyncState, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = SampleBank(tmp_path / "bank", records=cluster.new_database(), real_records_may_leave=True)
    follow(bank, state, until=latest(bank))
    with pytest.raises(ZeroDivisionError), bank.database.writing() as failing:
        lost = note(failing, "lost")
        raise ZeroDivisionError
    with bank.database.writing() as quick:
        last = note(quick, "kept")
    follow(bank, state, until=latest(bank))
    follow(bank, state, until=latest(bank))
    assert [(gap.first, gap.last) for gap in state.frontier.gaps] == [(lost, lost)]
    monkeypatch.setattr(frontier, "SETTLING_S", 0.0)
    follow(bank, state, until=latest(bank))
    assert not state.frontier.gaps and state.frontier.watermark == last
    bank.close()
