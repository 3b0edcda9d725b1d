"""No event is missed, whatever order transactions commit in; and no gap is kept for ever."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from medsynth_supabase.state.frontier import SETTLING_S, Clock, Frontier

QUIET = 2 * SETTLING_S


@dataclass
class Ledger:
    """A database as PostgreSQL is one: numbers and transactions are handed out before anything commits."""

    numbers: int = 0
    transactions: int = 100
    running: dict[int, list[int]] = field(default_factory=dict)
    visible: set[int] = field(default_factory=set)
    time_s: float = 0.0

    def begin(self) -> int:
        self.transactions += 1
        self.running[self.transactions] = []
        return self.transactions

    def draw(self, transaction: int) -> int:
        self.numbers += 1
        self.running[transaction].append(self.numbers)
        return self.numbers

    def end(self, transaction: int, committed: bool) -> None:
        drawn = self.running.pop(transaction)
        self.visible |= set(drawn) if committed else set()

    @property
    def clock(self) -> Clock:
        following = self.transactions + 1
        return Clock(oldest=min(self.running, default=following), following=following, time_s=self.time_s)


def look(ledger: Ledger, frontier: Frontier) -> tuple[Frontier, set[int]]:
    """As a sync looks: the clock first, then the gaps and what is above, then the gaps that nobody fills."""
    before, met = ledger.clock, set[int]()
    for gap in frontier.gaps:
        met |= {one for one in ledger.visible if gap.first <= one <= gap.last}
    met |= {one for one in ledger.visible if one > frontier.top}
    return frontier.seen(met, ledger.clock).passed(before), met


def steps() -> st.SearchStrategy[list[tuple[str, int, bool]]]:
    kinds = st.sampled_from(["begin", "draw", "draw", "end", "look", "look", "wait"])
    return st.lists(st.tuples(kinds, st.integers(0, 9), st.booleans()), max_size=80)


def run(plan: list[tuple[str, int, bool]]) -> Iterator[tuple[Ledger, Frontier, set[int]]]:
    """Each state after a look, with everything that was met so far; the last one after all has ended."""
    ledger, frontier, met = Ledger(), Frontier(), set[int]()

    def looked() -> tuple[Ledger, Frontier, set[int]]:
        nonlocal frontier, met
        frontier, new = look(ledger, frontier)
        met |= new
        return ledger, frontier, met

    for kind, which, flag in plan:
        open_ones = sorted(ledger.running)
        if kind == "begin":
            ledger.begin()
        elif kind == "draw" and open_ones:
            ledger.draw(open_ones[which % len(open_ones)])
        elif kind == "end" and open_ones:
            ledger.end(open_ones[which % len(open_ones)], flag)
        elif kind == "wait":
            ledger.time_s += QUIET
        elif kind == "look":
            yield looked()
    for transaction in sorted(ledger.running):
        ledger.end(transaction, True)
    yield looked()
    ledger.time_s += QUIET
    yield looked()


@given(steps())
def test_every_event_is_met_however_late_its_transaction_commits(plan: list[tuple[str, int, bool]]) -> None:
    for ledger, _, met in run(plan):
        assert met == ledger.visible


@given(steps())
def test_the_watermark_never_goes_back_and_passes_nothing_that_may_still_come(
    plan: list[tuple[str, int, bool]],
) -> None:
    before = 0
    for ledger, frontier, _ in run(plan):
        uncommitted = [number for drawn in ledger.running.values() for number in drawn]
        assert before <= frontier.watermark <= frontier.top
        assert all(number > frontier.watermark for number in uncommitted if number < frontier.top)
        before = frontier.watermark


@given(steps())
def test_no_gap_is_left_once_all_transactions_have_ended(plan: list[tuple[str, int, bool]]) -> None:
    *_, (ledger, frontier, _) = run(plan)
    assert frontier == Frontier(top=max(ledger.visible, default=0))


@given(st.lists(st.integers(1, 60)), st.integers(0, 5))
def test_gaps_and_numbers_that_were_seen_make_up_all_numbers(numbers: list[int], parts: int) -> None:
    frontier, clock = Frontier(), Clock(oldest=1, following=9, time_s=0.0)
    for start in range(parts + 1):
        frontier = frontier.seen(numbers[start :: parts + 1], clock)
    missing = [one for gap in frontier.gaps for one in range(gap.first, gap.last + 1)]
    assert sorted({*numbers, *missing}) == list(range(1, frontier.top + 1))
    assert not set(numbers) & set(missing) and missing == sorted(missing)
    assert frontier.seen(numbers, clock) == frontier


def test_a_gap_is_kept_for_a_moment_even_if_no_transaction_runs() -> None:
    def clock(time_s: float) -> Clock:
        return Clock(oldest=0, following=0, time_s=time_s)

    frontier = Frontier().seen([3], clock(5.0))
    assert frontier.watermark == 0
    assert frontier.passed(clock(5.0 + SETTLING_S / 2)) == frontier
    assert frontier.passed(clock(5.0 + SETTLING_S)).watermark == 3
