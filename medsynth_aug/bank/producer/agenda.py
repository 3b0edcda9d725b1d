"""Which requests are due: those of the next reads of this epoch, then those of the next epoch."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.producer.board import Board
from medsynth_aug.bank.producer.draws import Draws
from medsynth_aug.bank.tracing import Outstanding, trace_all
from medsynth_aug.synthesis.request import SynthesisRequest

AHEAD_OF_NEED = 1
"""Priority of a request that nobody waits for yet."""

ASK_AGAIN_S = 0.5
"""How often it is looked whether requests that are due have been met, and the others are asked for again."""


class Agenda:
    """Asks for the samples of the next `ahead` reads, so that they lie in the bank when they are read.

    Reads are counted from the furthest one in the order, and what was passed over is due too: a rank that
    deals out a common order reads only its share of it, and the others' share must not fill its view.

    Args:
        requests: The planned request of each place.
        board: Where the readers say what they read, and perhaps in which order they will.
        bank: Where the requests are asked for.
        draws: Which draw of a place is served in which epoch.
        ahead: How many reads to look ahead.
        max_attempts: Draws for one place.
    """

    def __init__(
        self,
        requests: Sequence[SynthesisRequest],
        board: Board,
        bank: SampleBank,
        *,
        draws: Draws,
        ahead: int,
        max_attempts: int,
    ) -> None:
        self._requests, self._board, self._bank = requests, board, bank
        self._draws, self._ahead, self._max_attempts = draws, ahead, max_attempts
        self._index_order: NDArray[np.int64] = np.arange(len(requests))
        self._orders, self._order_epoch, self._order = 0, -1, self._index_order
        self._settled = np.zeros((2, len(requests)), np.bool_)
        self._asked: tuple[tuple[int, int], ...] = ()
        self._asked_at = 0.0
        self._epoch = -1

    def ask(self) -> None:
        """Put what is due and not in the bank on the bank's queue; what is due no longer is taken back."""
        epoch = self._board.epoch
        if epoch != self._epoch:
            self._settled[:] = False
        due = tuple(self._due(epoch))
        if due == self._asked and time.monotonic() - self._asked_at < ASK_AGAIN_S:
            return
        outstanding = self._outstanding(due, epoch)
        if outstanding:
            if epoch != self._epoch:
                self._bank.wanted.forget(outstanding[0].engine, above=AHEAD_OF_NEED - 1)
            self._bank.wanted.add(outstanding, priority=AHEAD_OF_NEED)
        self._epoch, self._asked_at = epoch, time.monotonic()
        self._asked = tuple((place, later) for place, later in due if not self._settled[later, place])

    def _due(self, epoch: int) -> list[tuple[int, int]]:
        """Places whose sample is due for this epoch (0), then those for the next one (1), and not settled."""
        order = self._order_of(epoch)
        unread = self._board.is_unread(order, epoch)
        reached = 0 if unread.all() else len(order) - int(np.argmin(unread[::-1]))
        view = slice(reached + self._ahead)
        now = order[view][unread[view]]
        soon = self._index_order[: max(0, reached + self._ahead - len(order))]
        due = [(place, 0) for place in now[~self._settled[0, now]][: self._ahead].tolist()]
        return due + [(place, 1) for place in soon[~self._settled[1, soon]].tolist()]

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        if self._board.orders != self._orders:
            self._orders = self._board.orders
            self._order_epoch, order = self._board.order()
            self._order = order[np.sort(np.unique(order, return_index=True)[1])]  # each place once
        return self._order if self._order_epoch == epoch else self._index_order

    def _outstanding(self, due: Sequence[tuple[int, int]], epoch: int) -> list[SynthesisRequest]:
        """The requests to be made; the other places are settled: their samples are there, or given up."""
        wanted = [
            self._draws.request(self._requests[place], self._draws.number(place, epoch + later))
            for place, later in due
        ]
        states = trace_all(self._bank, wanted, self._max_attempts)
        for (place, later), state in zip(due, states):
            self._settled[later, place] = not isinstance(state, Outstanding)
        return [state.request for state in states if isinstance(state, Outstanding)]
