"""When samples are approved: k of n readers, seniority, and who settles a disagreement."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from medsynth_aug.errors import SettingError
from medsynth_aug.review import Reason, ReviewPolicy, Verdict
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


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"approvals": 0}, "at least 1"), ({"approvals": 3, "readers": 2}, "ask for more readers")],
)
def test_impossible_policies_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ReviewPolicy(**settings)
