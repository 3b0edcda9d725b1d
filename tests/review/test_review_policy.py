"""When samples are approved: k of n readers, seniority, and who settles a disagreement."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from medsynth_aug.errors import SettingError
from medsynth_aug.review import Reason, Reviewer, ReviewPolicy, Verdict
from medsynth_aug.review.deciding import place_among
from medsynth_aug.review.policy import decide

SENIOR = "S"


def verdict(number: int, said: str) -> Verdict:
    """A verdict in short: `+` approves, `-` rejects, `S+` is the senior's; one comes an hour."""
    rejects = "-" in said
    return Verdict(
        id=str(number), sample="d", reviewer=SENIOR if SENIOR in said else f"reader {number}",
        outcome="reject" if rejects else "approve", reasons=(Reason.DUPLICATE,) if rejects else (),
        comment="", plausibility=None, seconds=None, at=datetime(2026, 1, 1, number, tzinfo=UTC),
        adjudicates=False, supersedes=None, revoked_at=None, file_digest="f",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "said", "state"),
    [
        ({}, "", "pending"),
        ({}, "+", "approved"),
        ({}, "-", "rejected"),
        ({}, "+ -", "disputed"),
        ({"approvals": 2, "readers": 3}, "+", "pending"),
        ({"approvals": 2, "readers": 3}, "+ +", "approved"),
        ({"approvals": 2, "readers": 3}, "+ -", "pending"),
        ({"approvals": 2, "readers": 3}, "+ + -", "disputed"),
        ({"approvals": 2, "readers": 3}, "- -", "rejected"),
        ({"approvals": 2, "readers": 3, "adjudication": False}, "+ + -", "approved"),
        ({"approvals": 2, "readers": 3, "adjudication": False}, "+ - -", "rejected"),
        ({"approvals": 2, "readers": 3, "adjudication": False}, "+ + - -", "disputed"),
        ({"approvals": 1, "readers": 2}, "-", "pending"),
        ({"approvals": 2, "readers": 2}, "-", "rejected"),
        ({"approvals": 2, "readers": 2, "senior_required": True}, "+ +", "pending"),
        ({"approvals": 2, "readers": 2, "senior_required": True}, "+ S+", "approved"),
        ({"approvals": 2, "readers": 2, "senior_required": True}, "+ + S+", "approved"),
    ],
)
def test_the_policy_decides_in_whatever_order_readers_come(policy: dict, said: str, state: str) -> None:
    for order in permutations(said.split()):
        given = [verdict(number, one) for number, one in enumerate(order)]
        assert decide("d", "f", given, ReviewPolicy(**policy), {SENIOR}).state == state


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("+ - S-", "rejected"),
        ("- + S+", "approved"),
        ("+ S-", "disputed"),  # the senior is one of those who disagree
        ("+ S- S-", "disputed"),
        ("S- + -", "disputed"),
        ("+ - S- S+", "approved"),
        ("+ - S- +", "rejected"),
    ],
)
def test_a_senior_who_comes_to_a_disagreement_settles_it(said: str, state: str) -> None:
    given = [verdict(number, one) for number, one in enumerate(said.split())]
    for order in permutations(given):  # the order in which they came here tells nothing
        assert decide("d", "f", order, ReviewPolicy(), {SENIOR}).state == state


def test_whoever_claims_to_settle_does_not() -> None:
    claim = replace(verdict(2, "+"), adjudicates=True)
    given = [verdict(0, "+"), verdict(1, "-"), claim]
    assert decide("d", "f", given, ReviewPolicy(approvals=2, readers=2), {SENIOR}).state == "disputed"


def test_a_verdict_stays_replaced_though_the_clock_of_its_successor_was_slow() -> None:
    earlier = replace(verdict(0, "S+"), id="new", supersedes="old")
    later = replace(verdict(5, "S-"), id="old")
    decision = decide("d", "f", [later, earlier], ReviewPolicy(), {SENIOR})
    assert (decision.state, [one.id for one in decision.counted]) == ("approved", ["new"])
    revoked = replace(earlier, revoked_at=earlier.at)
    assert decide("d", "f", [later, revoked], ReviewPolicy(), {SENIOR}).state == "pending"


def read_in_order(said: list[tuple[int, str]], policy: ReviewPolicy) -> list[Verdict]:
    """Readings of one sample as `record` stores them: who reads (0 and 1 are seniors), and what is said."""
    stored = list[Verdict]()
    for number, (reader, outcome) in enumerate(said):
        before = decide("d", "f", stored, policy, SENIORS)
        person = Reviewer(id=f"reader {reader}", name="", senior=reader < 2, enrolled_at=MORNING)
        place: dict[str, Any] = place_among(before, person, SENIORS)
        stored.append(replace(verdict(number, outcome), reviewer=person.id, **place))
    return stored


MORNING = datetime(2026, 1, 1, tzinfo=UTC)
SENIORS = {"reader 0", "reader 1"}
READINGS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("+-")), max_size=9)
POLICIES = st.builds(
    lambda approvals, more, **others: ReviewPolicy(approvals=approvals, readers=approvals + more, **others),
    approvals=st.integers(1, 3), more=st.integers(0, 2), senior_required=st.booleans(),
    adjudication=st.booleans(),
)  # fmt: skip


@drawn(said=READINGS, policy=POLICIES)
def test_what_settles_when_it_is_recorded_settles_when_all_is_replayed(
    said: list[tuple[int, str]], policy: ReviewPolicy
) -> None:
    stored = read_in_order(said, policy)
    replaced = {one.supersedes for one in stored}
    counted = [one for one in stored if one.id not in replaced]
    settling = [one for one in counted if one.adjudicates]
    decision = decide("d", "f", stored, policy, SENIORS)
    assert list(decision.counted) == counted
    if settling:
        assert decision.state == {"approve": "approved", "reject": "rejected"}[settling[-1].outcome]
    else:  # nobody of them came to a disagreement: all at one time, seniors first, decide alike
        again = sorted(counted, key=lambda one: one.reviewer)
        at_once = [replace(one, id=str(place), at=MORNING) for place, one in enumerate(again)]
        assert decision.state == decide("d", "f", at_once, policy, SENIORS).state


@drawn(data=st.data(), said=READINGS, policy=POLICIES)
def test_the_order_of_arrival_tells_nothing_whatever_was_revoked_or_seen(
    data: st.DataObject, said: list[tuple[int, str]], policy: ReviewPolicy
) -> None:
    stored = [
        replace(
            one, at=MORNING.replace(hour=data.draw(st.integers(0, 3))),
            revoked_at=data.draw(st.sampled_from([None, None, None, MORNING])),
            file_digest=data.draw(st.sampled_from("fffg")),
        )
        for one in read_in_order(said, policy)
    ]  # fmt: skip
    shuffled = data.draw(st.permutations(stored))
    decision = decide("d", "f", stored, policy, SENIORS)
    assert decide("d", "f", shuffled, policy, SENIORS) == decision
    assert len({one.reviewer for one in decision.counted}) == len(decision.counted)
    assert all(one.revoked_at is None and one.file_digest == "f" for one in decision.counted)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"approvals": 0}, "at least 1"),
        ({"approvals": 3, "readers": 2}, "ask for more readers"),
        ({"approvals": "1"}, "approvals is '1'; it must be a whole number"),
        ({"readers": 2.5}, "readers is 2.5; it must be a whole number"),
    ],
)
def test_impossible_policies_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ReviewPolicy(**settings)
