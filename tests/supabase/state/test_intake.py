"""Events of a bank reach the state of a sync, also those that PostgreSQL makes visible out of turn."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import events_after
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


def known(state: SyncState) -> dict[str, int]:
    return {one.subject: one.event for one in state.outstanding("sample")}


def test_every_event_is_taken_a_page_at_a_time(
    tmp_path: Path, state: SyncState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PAGE", 3)
    bank = SampleBank(tmp_path / "bank")
    images = make_patients(bank, 2)
    verdicts = Readers(bank).approve(*images)
    follow(bank, state)
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


@pytest.mark.postgres
def test_a_transaction_that_commits_late_is_waited_for(
    tmp_path: Path, state: SyncState, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "SETTLING_S", 0.0)
    bank = SampleBank(tmp_path / "bank", records=cluster.new_database(), real_records_may_leave=True)
    follow(bank, state)
    start = state.frontier.watermark
    with bank.database.writing() as slow:
        late = note(slow, "late")
        for subject in ("early", "earlier"):
            with bank.database.writing() as quick:
                note(quick, subject)
            follow(bank, state)
            follow(bank, state)
            assert subject in known(state) and "late" not in known(state)
            assert state.frontier.watermark == late - 1 >= start
    follow(bank, state)
    assert known(state)["late"] == late and not state.frontier.gaps
    bank.close()


@pytest.mark.postgres
def test_a_transaction_that_failed_is_waited_for_no_longer(
    tmp_path: Path, state: SyncState, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = SampleBank(tmp_path / "bank", records=cluster.new_database(), real_records_may_leave=True)
    follow(bank, state)
    with pytest.raises(ZeroDivisionError), bank.database.writing() as failing:
        lost = note(failing, "lost")
        raise ZeroDivisionError
    with bank.database.writing() as quick:
        last = note(quick, "kept")
    follow(bank, state)
    follow(bank, state)
    assert [(gap.first, gap.last) for gap in state.frontier.gaps] == [(lost, lost)]
    monkeypatch.setattr(frontier, "SETTLING_S", 0.0)
    follow(bank, state)
    assert not state.frontier.gaps and state.frontier.watermark == last
    bank.close()
