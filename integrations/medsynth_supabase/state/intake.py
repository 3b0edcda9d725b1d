"""Read what happened in a bank into the state of a sync, so that each subject is looked at again."""

import time
from collections.abc import Iterable

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import Event, events_after
from medsynth_supabase.state.frontier import clock_of
from medsynth_supabase.state.state import SyncState
from medsynth_supabase.state.subject import PATIENT, REVOCATION, RUN, SAMPLE, VERDICT

PAGE = 1000
"""Events that are read at a time."""

LOOK_AGAIN = "sync"
"""Kind of the event that a sync itself writes, to have a number above those that it used."""

KINDS = {
    "sample": SAMPLE, "acceptance": SAMPLE, "forgotten": SAMPLE, LOOK_AGAIN: SAMPLE, "patient": PATIENT,
    "verdict": VERDICT, "revocation": REVOCATION, "run": RUN,
}  # fmt: skip
"""What the events of each kind are about; those of other kinds concern no project."""


def follow(bank: SampleBank, state: SyncState, *, until: int) -> None:
    """Bring the state up to an event of the bank.

    Args:
        bank: Whose events.
        state: Takes them.
        until: Number of an event that can be seen; larger ones are left for the next time.

    Raises:
        BankError: If the bank cannot be read.
        SyncError: If the state cannot be written.
    """
    before, frontier = clock_of(bank, time.time()), state.frontier
    whole = True
    for gap in frontier.gaps:
        found = events_after(bank, gap.first - 1, limit=PAGE)
        late = [event for event in found if event.id <= gap.last]
        whole &= len(late) < PAGE
        if late:
            frontier = frontier.seen((event.id for event in late), clock_of(bank, time.time()))
            state.follow(frontier, subjects_of(late))
    while page := [one for one in events_after(bank, frontier.top, limit=PAGE) if one.id <= until]:
        frontier = frontier.seen((event.id for event in page), clock_of(bank, time.time()))
        state.follow(frontier, subjects_of(page))
    if whole and (passed := frontier.passed(before)) != frontier:
        state.follow(passed, {})


def subjects_of(events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """Number of the last event on each subject, by kind and subject."""
    last: dict[tuple[str, str], int] = {}
    for event in events:
        if event.kind in KINDS:
            subject = KINDS[event.kind], event.subject
            last[subject] = max(event.id, last.get(subject, 0))
    return last
