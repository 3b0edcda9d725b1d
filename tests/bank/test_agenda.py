"""What is due: the next reads of this process, however the order is dealt out."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.producer import SameLesion
from medsynth_aug.bank.producer.agenda import ASK_AGAIN_S, Agenda
from medsynth_aug.bank.producer.board import Board
from medsynth_aug.synthesis import FakeSynthesizer, SynthesisRequest
from tests.bank.material import radiograph, request

PLACES, AHEAD = 24, 4

Produce = Callable[[], None]


@pytest.fixture
def requests(bank: SampleBank) -> list[SynthesisRequest]:
    source = radiograph()
    bank.put_source(source)
    return [request(source, str(number)) for number in range(PLACES)]


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board.create(tmp_path / "board", PLACES)


@pytest.fixture
def produce(bank: SampleBank, board: Board, requests: list[SynthesisRequest]) -> Produce:
    """Makes all that is due now, as a producer would."""
    agenda = Agenda(requests, board, bank, draws=SameLesion(), ahead=AHEAD, max_attempts=3)
    engine = FakeSynthesizer()

    def make() -> None:
        agenda.ask()
        agenda.ask()  # the first one may only have noticed what is there by now
        while taken := bank.wanted.take(engine.fingerprint, PLACES, "here"):
            generate(taken, engine, bank, SourceStore(bank), progress=False)
            agenda.ask()

    return make


def made(bank: SampleBank, requests: list[SynthesisRequest], epoch: int = 0) -> set[int]:
    draws = [SameLesion().request(one, epoch) for one in requests]
    return {place for place, one in enumerate(draws) if one.digest in bank}


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_a_rank_that_reads_its_share_of_an_order_finds_it_made(
    bank: SampleBank, board: Board, requests: list[SynthesisRequest], produce: Produce, ranks: int
) -> None:
    order = np.random.default_rng(1).permutation(PLACES).tolist()
    board.publish_order(order)
    for position in range(0, PLACES, ranks):
        produce()
        assert order[position] in made(bank, requests)
        board.mark_read(order[position])
        assert made(bank, requests) <= set(order[: position + AHEAD])
    produce()
    assert made(bank, requests) == set(range(PLACES))
    assert made(bank, requests, epoch=1) <= set(range(AHEAD))


def test_an_order_in_which_places_come_again_and_again_is_followed(
    bank: SampleBank, board: Board, requests: list[SynthesisRequest], produce: Produce
) -> None:
    board.publish_order([3, 3, 3, 5, 3, 3, 5, 7, 9, 11, 13])
    produce()
    assert made(bank, requests) == {3, 5, 7, 9}
    for place in (3, 5):
        board.mark_read(place)
    produce()
    assert made(bank, requests) == {3, 5, 7, 9, 11, 13}


def test_reads_in_no_known_order_leave_nothing_out(
    bank: SampleBank, board: Board, requests: list[SynthesisRequest], produce: Produce
) -> None:
    board.mark_read(PLACES - 1)
    for _ in range(PLACES // AHEAD + 1):
        produce()
        time.sleep(ASK_AGAIN_S)
    assert made(bank, requests) == set(range(PLACES - 1))
    assert made(bank, requests, epoch=1) == set(range(AHEAD))
