"""A large bank answers by its indexes: no question reads every record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import event

from medsynth_aug.bank import SampleBank
from tests.bank.at_size import fill
from tests.bank.material import assert_same
from tests.bank.workers import numbered

COUNT = 200_000
QUESTIONS: dict[str, Callable[[SampleBank, str], object]] = {
    "get": lambda bank, digest: bank.get(digest),
    "in": lambda bank, digest: digest in bank,
    "held": lambda bank, digest: bank.held([digest, "0" * 64]),
    "refusals": lambda bank, digest: bank.refusals([digest]),
    "digests": lambda bank, digest: list(islice(bank.iter_digests(), 3)),
    "lesion": lambda bank, digest: list(islice(bank.iter_digests(lesion="nodule"), 3)),
    "purpose": lambda bank, digest: list(islice(bank.iter_digests(purpose="sham"), 3)),
    "both": lambda bank, digest: list(islice(bank.iter_digests(lesion="nodule", purpose="sham"), 3)),
    "derived": lambda bank, digest: bank.derived_from_real([digest]),
}


@contextmanager
def questions_of(bank: SampleBank) -> Iterator[list[tuple[str, Any]]]:
    """The statements that a bank sends to its database meanwhile, with their parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    engine = bank._database._here()
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def plans(bank: SampleBank, act: Callable[[], object]) -> list[str]:
    """How SQLite would answer each question of an act."""
    with questions_of(bank) as asked:
        act()
    assert asked, "nothing was asked"
    found = []
    with bank._database.reading() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found += [row.detail for row in rows]
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_reads_every_record_or_sorts(bank: SampleBank, name: str) -> None:
    made = numbered(0)
    bank.add(made)
    steps = plans(bank, lambda: QUESTIONS[name](bank, made.digest))
    assert all(step.startswith("SEARCH ") for step in steps), steps


def test_counting_and_listing_read_an_index_alone(bank: SampleBank) -> None:
    bank.add(numbered(0))
    for act in (lambda: len(bank), lambda: bank.digests(lesion="nodule")):
        steps = plans(bank, act)
        assert all("COVERING INDEX" in step for step in steps), steps


@pytest.mark.slow
def test_a_bank_of_very_many_records_answers_right(bank: SampleBank) -> None:
    stored = fill(bank, COUNT, with_pixels=50)
    assert len(bank) == COUNT
    every = bank.digests()
    assert every == sorted(set(every)) and len(every) == COUNT
    nodules, shams = bank.digests(lesion="nodule"), bank.digests(purpose="sham")
    assert len(nodules) == 50 + (COUNT - 50) // 5
    assert set(bank.digests(lesion="nodule", purpose="sham")) == set(nodules) & set(shams)
    assert bank.held(stored + every[:5000] + ["0" * 64]) == set(stored) | set(every[:5000])
    for number in (0, 49):
        assert_same(bank.get(stored[number]), numbered(number))
    for name, ask in QUESTIONS.items():
        steps = plans(bank, lambda ask=ask: ask(bank, stored[0]))  # type: ignore[misc]
        assert all(step.startswith("SEARCH ") for step in steps), (name, steps)
