"""Rejected samples go back to the engine: changed requests, each asked for once, within a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select, update

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.accepted import REJECTED
from medsynth_aug.bank.database import Database
from medsynth_aug.bank.lookups import among, chunks
from medsynth_aug.bank.records import note_event, note_events
from medsynth_aug.bank.schema import regenerations, samples
from medsynth_aug.errors import SettingError, SourceNotFoundError
from medsynth_aug.review.changes import CHANGES, Change, changed
from medsynth_aug.review.deciding import decided, now
from medsynth_aug.review.policy import Decision
from medsynth_aug.review.reasons import Reason
from medsynth_aug.review.store import ReviewStore
from medsynth_aug.synthesis.request import PIXEL_VERSION, SynthesisRequest
from medsynth_aug.synthesis.source import NO_SOURCE
from medsynth_aug.synthesis.synthesizer import Synthesizer

BUDGET = 3
"""How often the sample of a place is made anew before the place is given up."""


@dataclass(frozen=True, slots=True)
class RegenerationReport:
    """What became of the rejected samples of a bank.

    Args:
        made: Rejected sample -> the one that was made now in its place; it waits for review.
        given_up: Rejected sample -> why it gets no other, for those that were given up now.
        lacking: Rejected samples whose source is not at hand; they stay to be made.
    """

    made: Mapping[str, str]
    given_up: Mapping[str, str]
    lacking: tuple[str, ...]


def regenerate(
    store: ReviewStore,
    synthesizer: Synthesizer,
    *,
    sources: SourceStore | None = None,
    budget: int = BUDGET,
    changes: Mapping[Reason, Change] = CHANGES,
    batch_size: int = 8,
    max_attempts: int = 3,
    progress: bool = True,
) -> RegenerationReport:
    """Make another sample for each rejected one, by a request that its reasons have changed.

    What is to be made is written down first, once a rejected sample, so that a run that was killed goes on
    where it stopped and nothing is made twice.

    Args:
        store: Holds the verdicts, beside the bank.
        synthesizer: Makes the samples.
        sources: Gives the pixels of the sources; by default the bank's own copies.
        budget: How often the sample of a place is made anew, at least 1.
        changes: Reason -> change of the request.
        batch_size: Samples made at once.
        max_attempts: Draws of one request that the synthesizer may refuse.
        progress: Show a progress bar on standard error.

    Raises:
        SettingError: If `budget` is below 1, or a reason has no change.
        BankError: If the bank cannot be read or written; what was stored before stays.
    """
    if budget < 1:
        raise SettingError(f"budget is {budget}; it must be at least 1")
    if set(Reason) - set(changes):
        raise SettingError(f"no change is given for {', '.join(sorted(set(Reason) - set(changes)))}")
    bank = store.bank
    store.settle()
    given_up = _write_down(bank.database, budget, changes)
    asked = _outstanding(bank, synthesizer.fingerprint)
    at_hand = sources or SourceStore(bank)
    found = {source for source in {one.source for one in asked.values()} if _is_at_hand(source, at_hand)}
    wanted = {parent: one for parent, one in asked.items() if one.source in found}
    report = generate(
        list(wanted.values()), synthesizer, bank, at_hand,
        batch_size=batch_size, max_attempts=max_attempts, progress=progress,
    )  # fmt: skip
    refused = {str(one.request.parent): f"no other could be made: {one.reason}" for one in report.refused}
    _give_up(bank.database, refused)
    made = children_of(bank.database, list(wanted))
    return RegenerationReport(
        made={parent: own[0] for parent, own in made.items()},
        given_up=given_up | refused,
        lacking=tuple(sorted(set(asked) - set(wanted))),
    )


def children_of(database: Database, parents: Sequence[str]) -> dict[str, list[str]]:
    """Digests of the samples that were made in place of others, by those."""
    found: dict[str, list[str]] = {}
    query = select(samples.c.parent, samples.c.digest)
    for row in among(database, query, samples.c.parent, parents):
        found.setdefault(row.parent, []).append(row.digest)
    return {parent: sorted(own) for parent, own in found.items()}


def _write_down(database: Database, budget: int, changes: Mapping[Reason, Change]) -> dict[str, str]:
    """Write down what comes after each rejected sample; returns those that are given up, and why."""
    done = select(regenerations.c.parent)
    query = select(samples.c.digest).where(samples.c.acceptance == REJECTED, samples.c.digest.not_in(done))
    with database.reading() as connection:
        rejected = connection.execute(query.order_by(samples.c.digest)).scalars().all()
    given_up: dict[str, str] = {}
    for chunk in chunks(rejected):
        rows = _written(database, chunk, budget, changes)
        given_up |= {row["parent"]: row["given_up"] for row in rows if row["given_up"]}
    return given_up


def _written(
    database: Database, digests: Sequence[str], budget: int, changes: Mapping[Reason, Change]
) -> list[dict[str, Any]]:
    """The rows of those of the digests that are still rejected; written where there are none yet."""

    def write(connection: Connection) -> list[dict[str, Any]]:
        database.alone(connection, "regenerations")
        known = select(regenerations.c.parent).where(regenerations.c.parent.in_(digests))
        before = set(connection.execute(known).scalars())
        decisions = decided(connection, [digest for digest in digests if digest not in before])
        rows = [
            _row(connection, decision, budget, changes)
            for decision in decisions.values()
            if decision.state == "rejected"
        ]
        if rows:
            connection.execute(regenerations.insert(), rows)
        note_events(connection, "regeneration", [row["parent"] for row in rows])
        return rows

    return database.transact(write)


def _row(
    connection: Connection, decision: Decision, budget: int, changes: Mapping[Reason, Change]
) -> dict[str, Any]:
    against = [verdict for verdict in decision.counted if verdict.outcome == "reject"]
    reasons = [reason for reason in Reason if any(reason in verdict.reasons for verdict in against)]
    own = select(samples.c.request).where(samples.c.digest == decision.sample)
    request = SynthesisRequest.from_json(connection.execute(own).scalar_one())
    child, given_up = changed(request, reasons, changes), None
    if _generation(connection, request) >= budget:
        child, given_up = None, f"made anew {budget} times, and still rejected"
    elif child is None:
        given_up = "its mask was given, and only another place could help"
    return {
        "parent": decision.sample, "verdicts": [verdict.id for verdict in against],
        "reasons": [str(reason) for reason in reasons], "child": None if child is None else child.digest,
        "request": None if child is None else child.to_json(), "given_up": given_up, "at": now(),
    }  # fmt: skip


def _generation(connection: Connection, request: SynthesisRequest) -> int:
    """How many samples were rejected before this one was made in their place."""
    number, parent = 0, request.parent
    while parent is not None:
        number += 1
        parent = connection.execute(select(samples.c.parent).where(samples.c.digest == parent)).scalar()
    return number


def _outstanding(bank: SampleBank, engine: str) -> dict[str, SynthesisRequest]:
    """The requests that were written down and not met, by the rejected sample, for this engine."""
    query = select(regenerations.c.parent, regenerations.c.request).where(
        regenerations.c.given_up.is_(None),
        regenerations.c.parent.not_in(select(samples.c.parent).where(samples.c.parent.is_not(None))),
    )
    with bank.database.reading() as connection:
        rows = connection.execute(query.order_by(regenerations.c.parent)).all()
    requests = {row.parent: SynthesisRequest.from_json(row.request) for row in rows}
    return {
        parent: replace(request, engine=engine, pixel_version=PIXEL_VERSION)
        for parent, request in requests.items()
    }


def _give_up(database: Database, reasons: Mapping[str, str]) -> None:
    """Write down that no sample can be made in place of these, and why."""

    def write(connection: Connection) -> None:
        for parent, reason in reasons.items():
            own = regenerations.c.parent == parent, regenerations.c.given_up.is_(None)
            if connection.execute(update(regenerations).where(*own).values(given_up=reason)).rowcount:
                note_event(connection, "given_up", parent)

    if reasons:
        database.transact(write)


def _is_at_hand(source: str, sources: SourceStore) -> bool:
    if source == NO_SOURCE:
        return True
    try:
        sources.get(source)
    except SourceNotFoundError:
        return False
    return True
