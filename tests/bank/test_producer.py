"""The producer process: ahead of need, urgent first, one a device, killed and restarted, never an orphan."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.producer import Producer, SameLesion
from medsynth_aug.errors import ProducerError, SettingError
from medsynth_aug.synthesis import FakeSynthesizer, Refusal, SynthesisRequest
from tests.bank.engines import Dying, Failing, Noting, Slow, Unwilling
from tests.bank.material import radiograph, request

PLACES = 12

Start = Callable[..., Producer]


@pytest.fixture
def requests(bank: SampleBank) -> list[SynthesisRequest]:
    source = radiograph()
    bank.put_source(source)
    return [request(source, str(number)) for number in range(PLACES)]


@pytest.fixture
def start(bank: SampleBank, requests: list[SynthesisRequest]) -> Iterator[Start]:
    """Opens producers over the twelve places and closes them at the end."""
    opened: list[Producer] = []

    def open_one(synthesizer: Any = None, **settings: Any) -> Producer:
        given = {"ahead": 4, "batch_size": 1, **settings}
        opened.append(Producer(synthesizer or FakeSynthesizer(), bank, requests, **given))
        return opened[-1]

    yield open_one
    for producer in opened:
        producer.close()


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def child_of(producer: Producer) -> int:
    return producer._board.pid


def test_the_samples_of_the_next_reads_are_made_and_no_others(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest]
) -> None:
    producer = start(ahead=4)
    until(lambda: len(bank) == 4)
    time.sleep(0.5)
    assert set(bank.digests()) == {one.digest for one in requests[:4]}
    assert producer.fetch(requests[0], place=0) == requests[0].digest
    until(lambda: requests[4].digest in bank)
    report = producer.report()
    assert (report.served, report.late, report.stall_rate) == (1, 0, 0.0)
    assert report.made == 5 and report.samples_per_s is not None and "made at" in str(report)


def test_a_reader_waits_for_what_is_not_there_yet_and_it_is_made_first(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest], tmp_path: Path
) -> None:
    producer = start(Noting(tmp_path / "notes"), ahead=11)
    assert producer.fetch(requests[11], place=11) == requests[11].digest
    order = (tmp_path / "notes").read_text().split()
    assert order.index("11") < 11
    report = producer.report()
    assert (report.served, report.late) == (1, 1) and report.waited_s > 0 and report.stall_rate == 1


def test_a_published_order_is_followed(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest], tmp_path: Path
) -> None:
    producer = start(Noting(tmp_path / "notes"), ahead=3)
    producer.publish_order([9, 7, 5, 3])
    producer.set_epoch(0)
    until(lambda: all(requests[place].digest in bank for place in (9, 7, 5)))
    made = [int(slot) for slot in (tmp_path / "notes").read_text().split()]
    assert [place for place in made if place in (9, 7, 5, 3)] == [9, 7, 5]


def test_at_the_end_of_an_epoch_the_next_one_is_begun(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest]
) -> None:
    producer = start(ahead=3)
    for place, one in enumerate(requests):
        producer.fetch(one, place=place)
    until(lambda: all(SameLesion().request(one, 1).digest in bank for one in requests[:3]))
    producer.set_epoch(1)
    assert producer.fetch(requests[0], place=0) == SameLesion().request(requests[0], 1).digest
    assert producer.report().epoch == 1


@pytest.mark.parametrize("reuse", [1, 2, 5])
def test_every_draw_serves_for_as_many_epochs_as_it_should(reuse: int) -> None:
    draws = SameLesion(reuse=reuse)
    for place in range(7):
        numbers = [draws.number(place, epoch) for epoch in range(6 * reuse)]
        assert numbers[0] == 0 and set(map(numbers.count, set(numbers[:-reuse]) - {0})) == {reuse}
        assert numbers == sorted(numbers)
    fresh = [sum(draws.number(p, e) != draws.number(p, e - 1) for p in range(20)) for e in range(1, 9)]
    assert set(fresh) == {20 // reuse}


def test_an_earlier_draw_is_served_where_the_new_one_is_late(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest]
) -> None:
    producer = start(ahead=1, on_late="reuse")
    producer.fetch(requests[0], place=0)
    later = SameLesion().request(requests[0], 1)
    os.kill(child_of(producer), signal.SIGSTOP)
    try:
        producer.set_epoch(1)
        if later.digest in bank:  # it was made ahead already
            producer.set_epoch(2)
            later = SameLesion().request(requests[0], 2)
        assert producer.fetch(requests[0], place=0) in bank
    finally:
        os.kill(child_of(producer), signal.SIGCONT)
    assert producer.report().substituted == 1
    (line,) = (bank.path / "substitutions.csv").read_text().splitlines()[1:]
    assert line.split(",")[2:4] == ["0", later.digest] and line.split(",")[4] in bank
    until(lambda: later.digest in bank)


def test_refused_draws_are_tried_again_and_given_up_in_the_end(
    start: Start, requests: list[SynthesisRequest]
) -> None:
    producer = start(Unwilling(["3"], willing_from=1), ahead=0)
    assert producer.fetch(requests[0]) == requests[0].next_attempt().digest
    given_up = producer.fetch(requests[3])
    assert isinstance(given_up, Refusal) and given_up.request.attempt == 2
    assert producer.report().refused == 4


def test_a_killed_producer_is_started_again_and_nothing_is_lost(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest], repeat: int
) -> None:
    producer = start(Slow(0.05), ahead=12)
    for place in range(min(PLACES, 3 * repeat)):
        until(lambda place=place: len(bank) > place)
        os.kill(child_of(producer), signal.SIGKILL)
        assert producer.fetch(requests[-1 - place], place=PLACES - 1 - place) in bank
    until(lambda: len(bank) >= PLACES)
    assert bank.verify() == []
    assert {one.digest for one in requests} <= set(bank.digests())
    assert producer.report().starts > 1


def test_what_the_killed_one_was_at_work_on_is_made_by_the_next(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest]
) -> None:
    producer = start(Slow(1.0), ahead=0)
    bank.wanted.add([requests[5]], priority=0)
    until(lambda: bank.wanted.take(FakeSynthesizer().fingerprint, 1, "spy") == [] and bank.wanted.count(
        FakeSynthesizer().fingerprint) == 1 and child_of(producer))  # fmt: skip
    time.sleep(0.2)
    os.kill(child_of(producer), signal.SIGKILL)
    bank.wanted.release("spy")
    assert producer.fetch(requests[5]) == requests[5].digest


def test_a_failure_of_the_engine_reaches_the_reader(start: Start, requests: list[SynthesisRequest]) -> None:
    producer = start(Failing())
    with pytest.raises(ProducerError, match="RuntimeError: the device fell off the bus"):
        producer.fetch(requests[0])
    with pytest.raises(ProducerError, match="fell off the bus"):
        producer.fetch(requests[1])


def test_an_engine_that_dies_each_time_is_not_started_for_ever(
    start: Start, requests: list[SynthesisRequest]
) -> None:
    producer = start(Dying())
    with pytest.raises(ProducerError, match="died 3 times without making anything"):
        producer.fetch(requests[0])


def test_two_producers_of_one_device_work_in_turn(
    bank: SampleBank, start: Start, requests: list[SynthesisRequest]
) -> None:
    first = start(Slow(0.01), ahead=0)
    first.fetch(requests[0])
    second = start(Slow(0.01), ahead=0)
    assert second.fetch(requests[1]) == requests[1].digest
    assert (first.report().made, second.report().made) == (2, 0)
    first.close()
    assert second.fetch(requests[2]) == requests[2].digest
    assert second.report().made == 1


def test_closing_ends_the_process_and_removes_the_board(bank: SampleBank, start: Start) -> None:
    producer = start()
    until(lambda: len(bank) > 0)
    child = psutil.Process(child_of(producer))
    producer.close()
    producer.close()
    assert not child.is_running()
    assert list((bank.path / "boards").iterdir()) == []
    with pytest.raises(ProducerError, match="was closed"):
        producer.fetch(request(radiograph(), "99"))


def test_closing_at_once_leaves_no_process(start: Start) -> None:
    producer = start()
    child = psutil.Process(child_of(producer))
    producer.close()
    assert not child.is_running()


def test_the_process_ends_with_a_training_process_that_was_killed(bank: SampleBank, requests: Any) -> None:
    code = (
        "import sys, time\n"
        "from medsynth_aug.bank import SampleBank\n"
        "from medsynth_aug.bank.producer import Producer\n"
        "from tests.bank.engines import Slow\n"
        "producer = Producer(Slow(30), SampleBank(sys.argv[1]))\n"
        "print(producer._board.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    script = subprocess.Popen([sys.executable, "-c", code, str(bank.path)], stdout=subprocess.PIPE, text=True)
    assert script.stdout is not None
    child = psutil.Process(int(script.stdout.readline()))
    bank.wanted.add(requests[:1], priority=0)  # in the midst of thirty seconds of work it ends as well
    time.sleep(3)
    script.kill()
    script.wait()
    script.stdout.close()
    until(lambda: not child.is_running(), 10)
    producer = Producer(FakeSynthesizer(), bank)
    assert len(list((bank.path / "boards").iterdir())) == 1, "the dead one's board was not swept"
    producer.close()


def read_in_a_worker(producer: Producer, asked: SynthesisRequest, kill: bool) -> None:
    if kill:
        os.kill(producer._board.pid, signal.SIGKILL)
    assert producer.fetch(asked) == asked.digest


@pytest.mark.parametrize(("method", "kill"), [("fork", False), ("fork", True), ("spawn", True)])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_worker_reads_and_starts_it_again_if_it_must(
    start: Start, requests: list[SynthesisRequest], method: str, kill: bool
) -> None:
    producer = start(ahead=0)
    producer.fetch(requests[0])
    worker = multiprocessing.get_context(method).Process(
        target=read_in_a_worker, args=(producer, requests[1], kill)
    )
    worker.start()
    worker.join(60)
    assert worker.exitcode == 0
    child = psutil.Process(child_of(producer))
    assert producer.fetch(requests[2]) == requests[2].digest
    producer.close()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 5)


@pytest.mark.parametrize("setting", [{"ahead": -1}, {"batch_size": 0}, {"max_attempts": 0}, {"ahead": 1.5}])
def test_numbers_out_of_range_are_refused(start: Start, setting: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=f"{next(iter(setting))} is .*; it must be (at least|a whole num)"):
        start(**setting)


def test_a_draw_serves_for_at_least_one_epoch() -> None:
    with pytest.raises(SettingError, match="reuse is 0; it must be at least 1"):
        SameLesion(reuse=0)


def test_an_engine_that_cannot_travel_is_refused(start: Start) -> None:
    engine = Slow(0)
    engine.seconds = lambda: 0  # type: ignore[assignment]
    with pytest.raises(SettingError, match=r"does not pickle .*cannot reach the producer process"):
        start(engine)
    mine = type("Mine", (FakeSynthesizer,), {"__module__": "__main__"})
    with pytest.raises(SettingError, match=r"Mine is defined in the script that runs.*module of its own"):
        start(mine())
