"""When samples are approved: k of n readers, seniority, and who settles a disagreement."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from medsynth_aug.errors import SettingError
from medsynth_aug.review import Reason, ReviewPolicy, Verdict
from medsynth_aug.review.policy import decide

SENIOR = "S"


def verdict(number: int, said: str) -> Verdict:
    """A verdict in short: `+` approves, `-` rejects, `S+` is the senior's, `!` settles."""
    rejects = "-" in said
    return Verdict(
        id=str(number), sample="d", reviewer=SENIOR if SENIOR in said else f"reader {number}",
        outcome="reject" if rejects else "approve", reasons=(Reason.DUPLICATE,) if rejects else (),
        comment="", plausibility=None, seconds=None, at=datetime(2026, 1, 1, tzinfo=UTC),
        adjudicates="!" in said, supersedes=None, revoked_at=None, file_digest="f",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "said", "state"),
    [
        ({}, "", "pending"),
        ({}, "+", "approved"),
        ({}, "-", "rejected"),
        ({}, "+ -", "disputed"),
        ({}, "+ - S-!", "rejected"),
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
    ("settings", "message"),
    [({"approvals": 0}, "at least 1"), ({"approvals": 3, "readers": 2}, "ask for more readers")],
)
def test_impossible_policies_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ReviewPolicy(**settings)
