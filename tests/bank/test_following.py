"""Others can follow a bank: its id, its events, its runs and what the user consented to."""

from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import text

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.consent import has_consent, note_consent
from medsynth_aug.bank.following import (
    Event,
    events_after,
    former_identities,
    identity_of,
    last_event,
    renew_identity,
)
from medsynth_aug.bank.runs import LONGEST_MESSAGE, RunningRun, bank_run, read_run
from medsynth_aug.errors import BankError, SettingError
from medsynth_aug.synthesis import FakeSynthesizer
from tests.bank.backends import FILES, POSTGRES, Arguments
from tests.bank.material import radiograph, request, sample
from tests.bank.workers import run_for_ever


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def runs_of(bank: SampleBank) -> list[str]:
    """Ids of the runs that were noted, in order."""
    return list(dict.fromkeys(one.subject for one in events_after(bank, 0) if one.kind == "run"))


def test_a_bank_keeps_its_id_and_no_other_has_it(bank: SampleBank, tmp_path: Path) -> None:
    own = identity_of(bank)
    bank.close()
    assert identity_of(bank) == own
    assert identity_of(SampleBank(tmp_path / "another")) != own


def test_a_bank_of_an_earlier_version_gets_an_id_once(tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank")
    with bank.database.writing() as connection:
        connection.execute(text("drop table identity"))
        connection.execute(text("drop table runs"))
        connection.execute(text("update alembic_version set version_num = '0005'"))
    bank.close()
    own = identity_of(SampleBank(tmp_path / "bank"))
    assert len(own) == 36 and identity_of(SampleBank(tmp_path / "bank")) == own


def test_events_come_by_number_a_page_at_a_time(bank: SampleBank) -> None:
    made = [sample(number) for number in range(3)]
    for one in made:
        bank.add(one)
    found = [one for one in events_after(bank, 0) if one.kind == "sample"]
    assert {one.subject for one in found} == {one.digest for one in made}
    assert [one.id for one in found] == sorted(one.id for one in found)
    first, second = events_after(bank, 0, limit=2)
    assert isinstance(first, Event) and first.at.tzinfo is not None
    assert events_after(bank, first.id, limit=1) == [second]
    assert events_after(bank, events_after(bank, 0)[-1].id) == []


def test_a_run_is_noted_from_beginning_to_end(bank: SampleBank) -> None:
    with bank_run(bank, kind="generate", name="night", total=300) as run:
        assert read_run(bank, run.id).state == "running"
        for _ in range(300):
            run.advance()
    done = read_run(bank, run.id)
    assert (done.state, done.done, done.total, done.name) == ("done", 300, 300, "night")
    assert done.finished_at is not None and done.started_at <= done.finished_at
    noted = [one for one in events_after(bank, 0) if one.subject == run.id]
    assert 2 <= len(noted) == done.version < 20  # about one a second, not one a step


@pytest.mark.parametrize("problem", [ValueError("no disk"), KeyboardInterrupt()])
def test_a_run_that_fails_says_why(bank: SampleBank, problem: BaseException) -> None:
    with pytest.raises(type(problem)), bank_run(bank, kind="generate", total=5) as run:
        run.advance(2)
        raise problem
    failed = read_run(bank, run.id)
    said = "ValueError: no disk" if isinstance(problem, ValueError) else "KeyboardInterrupt"
    assert (failed.state, failed.done, failed.message) == ("failed", 2, said)


def test_a_run_that_is_killed_stays_running(bank: SampleBank, arguments: Arguments, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    process = get_context("spawn").Process(target=run_for_ever, args=(bank.path, arguments, begun))
    process.start()
    while not begun.exists():
        assert process.is_alive()
        process.join(0.05)
    process.kill()
    process.join()
    left = read_run(bank, begun.read_text())
    assert (left.state, left.finished_at, left.version) == ("running", None, 1)
    assert left.started_at <= left.updated_at and left.total == 7


def test_what_a_failed_run_says_is_cut_short(bank: SampleBank) -> None:
    with pytest.raises(ValueError), bank_run(bank, kind="generate") as run:
        raise ValueError("x" * 10_000)
    assert len(read_run(bank, run.id).message) == LONGEST_MESSAGE


def test_an_older_note_of_a_run_changes_nothing_and_leaves_no_event(bank: SampleBank) -> None:
    with bank_run(bank, kind="generate", total=5) as run:
        first = dict(run.row)
        run.advance(3)
        run.note()
        noted, events = read_run(bank, run.id), events_after(bank, 0)
        late = RunningRun(bank, {**first, "version": 0, "done": 1})
        late.note()
        assert (read_run(bank, run.id), events_after(bank, 0)) == (noted, events)


def test_generating_is_a_run_and_finding_everything_there_is_none(bank: SampleBank) -> None:
    requests = [request(radiograph(number)) for number in range(3)]
    for number in range(3):
        bank.put_source(radiograph(number))
    generate(requests, FakeSynthesizer(), bank, SourceStore(bank), progress=False)
    (id_,) = runs_of(bank)
    assert (read_run(bank, id_).kind, read_run(bank, id_).done) == ("generate", 3)
    generate(requests, FakeSynthesizer(), bank, SourceStore(bank), progress=False)
    assert runs_of(bank) == [id_]


def test_a_run_that_is_nowhere_is_told(bank: SampleBank) -> None:
    with pytest.raises(BankError, match="no run x in"):
        read_run(bank, "x")


def test_consents_are_noted_by_place(bank: SampleBank) -> None:
    name, place = "real_pixels_may_leave", "supabase:host/project"
    assert not has_consent(bank, name, place)
    note_consent(bank, name, place)
    note_consent(bank, name, place)
    assert has_consent(bank, name, place)
    assert not has_consent(bank, name, "supabase:host/another")
    assert not has_consent(bank, "real_records_may_leave", place)
    assert [one.subject for one in events_after(bank, 0) if one.kind == name] == [place]
    with pytest.raises(SettingError, match="no consent is called 'everything'"):
        note_consent(bank, "everything", place)


def test_a_bank_that_gets_another_id_remembers_the_ones_before(bank: SampleBank) -> None:
    assert last_event(bank) is None and former_identities(bank) == []
    ids = [identity_of(bank), renew_identity(bank), renew_identity(bank)]
    assert len(set(ids)) == 3 and identity_of(bank) == ids[-1]
    assert former_identities(bank) == ids[:-1]
    assert last_event(bank) == events_after(bank, 0)[-1]
