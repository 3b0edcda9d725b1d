"""When a sample is approved: how many readers, how many approvals, and who settles a disagreement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from medsynth_aug.errors import SettingError
from medsynth_aug.review.verdict import Verdict

State = Literal["approved", "rejected", "pending", "disputed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPolicy:
    """What a bank's samples need to be approved: `approvals` of `readers` readers.

    Args:
        approvals: Readers who must approve, at least 1.
        readers: Readers of a sample, at least `approvals`.
        senior_required: A senior must be among those who approve.
        adjudication: Readers who disagree are settled by a senior who has not read the sample before; else
            they are counted, and only a count that both approves and rejects is left to a senior.

    Raises:
        SettingError: If a number is out of its range.
    """

    approvals: int = 1
    readers: int = 1
    senior_required: bool = False
    adjudication: bool = True

    def __post_init__(self) -> None:
        if self.approvals < 1:
            raise SettingError(f"approvals is {self.approvals}; it must be at least 1")
        if self.readers < self.approvals:
            raise SettingError(
                f"readers is {self.readers}, but {self.approvals} of them must approve; ask for more readers"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where a sample stands by the policy.

    Args:
        sample: Its digest.
        state: `"approved"`, `"rejected"`, `"pending"` (readers are missing) or `"disputed"` (a senior is).
        verdicts: Every verdict that was ever given, in order, superseded and revoked ones too.
        counted: Those of them that count: each reader's last, unless revoked or given for other pixels.
    """

    sample: str
    state: State
    verdicts: tuple[Verdict, ...]
    counted: tuple[Verdict, ...]


def decide(
    sample: str, file_digest: str, verdicts: Sequence[Verdict], policy: ReviewPolicy, seniors: Collection[str]
) -> Decision:
    """Where a sample stands.

    Args:
        sample: Its digest.
        file_digest: SHA-256 of its stored pixels.
        verdicts: All its verdicts, in order.
        policy: The policy in force.
        seniors: Ids of the senior readers.
    """
    replaced = {verdict.supersedes for verdict in verdicts}
    counted = tuple(
        verdict
        for verdict in verdicts
        if verdict.id not in replaced and verdict.revoked_at is None and verdict.file_digest == file_digest
    )
    state = _state(counted, policy, seniors)
    return Decision(sample=sample, state=state, verdicts=tuple(verdicts), counted=counted)


def _state(counted: Sequence[Verdict], policy: ReviewPolicy, seniors: Collection[str]) -> State:
    settled = [verdict for verdict in counted if verdict.adjudicates]
    if settled:
        return "approved" if settled[-1].outcome == "approve" else "rejected"
    approving = [verdict for verdict in counted if verdict.outcome == "approve"]
    rejections = len(counted) - len(approving)
    if policy.adjudication and approving and rejections:
        return "disputed" if len(counted) >= policy.readers else "pending"
    enough = len(approving) >= policy.approvals
    hopeless = rejections > policy.readers - policy.approvals
    if enough and hopeless:
        return "disputed"
    if hopeless:
        return "rejected"
    if enough and policy.senior_required and not any(one.reviewer in seniors for one in approving):
        return "pending"
    return "approved" if enough else "pending"
