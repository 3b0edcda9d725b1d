"""The queue: urgent first, one holder a request, nothing asked for that is there, nothing lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import wanted
from medsynth_aug.bank.wanted import URGENT
from medsynth_aug.synthesis import FakeSynthesizer, Refusal, SynthesisRequest
from tests.bank.backends import FILES, POSTGRES
from tests.bank.material import radiograph, request, sample

ENGINE = FakeSynthesizer().fingerprint


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def requests(count: int) -> list[SynthesisRequest]:
    source = radiograph()
    return [request(source, str(number)) for number in range(count)]


def test_requests_are_taken_in_order_and_urgent_ones_first(bank: SampleBank) -> None:
    first, second, late, other = requests(4)
    bank.wanted.add([first, second], priority=5)
    bank.wanted.add([late], priority=URGENT)
    bank.wanted.add([other], priority=5)
    assert bank.wanted.take(ENGINE, 2, "a") == [late, first]
    assert bank.wanted.take(ENGINE, 5, "b") == [second, other]
    assert bank.wanted.take(ENGINE, 5, "c") == []
    assert bank.wanted.count(ENGINE) == 4


def test_a_request_that_is_asked_for_again_only_becomes_more_urgent(bank: SampleBank) -> None:
    first, second = requests(2)
    bank.wanted.add([first, second], priority=5)
    bank.wanted.add([second], priority=URGENT)
    bank.wanted.add([second], priority=9)
    assert bank.wanted.take(ENGINE, 2, "a") == [second, first]


def test_what_is_met_is_not_wanted(bank: SampleBank) -> None:
    made, refused, left = sample(1), requests(3)[1], requests(3)[2]
    bank.wanted.add([made.request, refused, left], priority=1)
    bank.add(made)
    bank.refuse(Refusal(refused, "no place"))
    assert bank.wanted.count(ENGINE) == 1
    bank.wanted.add([made.request, refused, left], priority=1)
    assert bank.wanted.take(ENGINE, 9, "a") == [left]


def test_requests_of_another_engine_stay(bank: SampleBank) -> None:
    bank.wanted.add([request(radiograph(), engine="other")], priority=1)
    assert bank.wanted.take(ENGINE, 9, "a") == []
    assert bank.wanted.count("other") == 1


def test_what_a_killed_producer_held_is_given_back_or_runs_out(bank: SampleBank) -> None:
    first, second = requests(2)
    bank.wanted.add([first, second], priority=1)
    assert bank.wanted.take(ENGINE, 1, "dead") == [first]
    bank.wanted.release("dead")
    assert bank.wanted.take(ENGINE, 1, "gone") == [first]
    with bank._database.writing() as connection:
        connection.execute(update(wanted).values(held_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert bank.wanted.take(ENGINE, 1, "new") == [first]


def test_what_need_not_be_made_ahead_any_more_is_taken_back(bank: SampleBank) -> None:
    first, second = requests(2)
    bank.wanted.add([first], priority=URGENT)
    bank.wanted.add([second], priority=3)
    bank.wanted.forget(ENGINE, above=URGENT)
    assert bank.wanted.take(ENGINE, 9, "a") == [first]


def test_many_may_ask_take_and_meet_at_once(bank: SampleBank) -> None:
    made = [sample(number) for number in range(24)]
    asked = [each.request for each in made]

    def work(holder: int) -> list[str]:
        mine = []
        for start in range(0, 24, 4):
            bank.wanted.add(asked[start : start + 8], priority=holder)
            for one in bank.wanted.take(ENGINE, 2, str(holder)):
                mine.append(one.digest)
                bank.add(made[int(one.slot)])
        return mine

    with ThreadPoolExecutor(4) as pool:
        taken = [digest for mine in pool.map(work, range(4)) for digest in mine]
    assert len(taken) == len(set(taken)) == len(bank)
    assert bank.wanted.count(ENGINE) == 24 - len(bank)


def test_a_request_that_is_met_while_it_is_asked_for_does_not_stay_wanted(bank: SampleBank) -> None:
    made = [sample(number) for number in range(40)]

    def ask(number: int) -> None:
        bank.wanted.add([made[number].request], priority=1)

    def meet(number: int) -> None:
        bank.add(made[number])

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(act, number) for number in range(40) for act in (ask, meet)]
    assert [each.result() for each in running] == [None] * 80
    assert bank.wanted.count(ENGINE) == 0


def test_thousands_are_asked_for_at_once(bank: SampleBank) -> None:
    source = radiograph()
    asked = [request(source, str(number)) for number in range(3000)]
    bank.wanted.add(asked, priority=1)
    bank.wanted.add(asked, priority=1)
    assert bank.wanted.count(ENGINE) == 3000
    assert bank.wanted.take(ENGINE, 3, "a") == asked[:3]
