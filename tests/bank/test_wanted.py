"""The queue: urgent first, one holder a request, nothing asked for that is there, nothing lost."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import wanted
from medsynth_aug.bank.wanted import URGENT
from medsynth_aug.synthesis import FakeSynthesizer, Refusal, SynthesisRequest
from tests.bank.material import radiograph, request, sample

ENGINE = FakeSynthesizer().fingerprint


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
