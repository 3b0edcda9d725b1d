"""When a sample is approved: how many readers, how many approvals, and who settles a disagreement."""

from collections.abc import Collection, Mapping, Sequence
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
    """Where a sample stands: it follows from the set of verdicts, in whatever order they came here.

    They are replayed by time, ids settling ties, so that banks that hold the same verdicts decide alike. The
    first reading of a senior who comes while others disagree settles that, as do that senior's later ones.

    Args:
        sample: Its digest.
        file_digest: SHA-256 of its stored pixels.
        verdicts: All its verdicts.
        policy: The policy in force.
        seniors: Ids of the senior readers.
    """
    said = sorted(verdicts, key=lambda one: (one.at, one.id))
    valid = [one for one in said if one.revoked_at is None and one.file_digest == file_digest]
    last: dict[str, Verdict] = {}
    settling: list[str] = []
    replaced = set[tuple[str | None, str]]()  # nobody replaces the verdict of another reader
    for verdict in valid:
        if (verdict.id, verdict.reviewer) in replaced:
            continue  # what took its place is dated before it
        fresh = verdict.reviewer not in last
        if fresh and verdict.reviewer in seniors and _state(last, settling, policy, seniors) == "disputed":
            settling.append(verdict.reviewer)
        last[verdict.reviewer] = verdict
        replaced.add((verdict.supersedes, verdict.reviewer))
    gone = {(verdict.supersedes, verdict.reviewer) for verdict in said}
    last = {reader: one for reader, one in last.items() if (one.id, reader) not in gone}
    return Decision(
        sample=sample, state=_state(last, settling, policy, seniors), verdicts=tuple(said),
        counted=tuple(one for one in valid if last.get(one.reviewer) is one),
    )  # fmt: skip


def _state(
    last: Mapping[str, Verdict], settling: Sequence[str], policy: ReviewPolicy, seniors: Collection[str]
) -> State:
    """What each reader's last verdict comes to, those of `settling` before all others."""
    counted = list(last.values())
    settled = [last[reader] for reader in settling if reader in last]
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
