"""When a sample is approved: how many readers, how many approvals, and who settles a disagreement."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from medsynth_aug.bank.producer.given import whole_number
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
        for name in ("approvals", "readers"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), least=1))
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
        counted: Those of them that count: each reader's last on the stored pixels, unless it was revoked.
    """

    sample: str
    state: State
    verdicts: tuple[Verdict, ...]
    counted: tuple[Verdict, ...]


def decide(
    sample: str, file_digest: str, verdicts: Iterable[Verdict], policy: ReviewPolicy, seniors: Collection[str]
) -> Decision:
    """Where a sample stands: it follows from the set of verdicts, in whatever order they came here.

    Of each reader the last verdict on these pixels counts, by time and then id, unless it was revoked or the
    reader's own one that takes its place is dated before it.

    Args:
        sample: Its digest.
        file_digest: SHA-256 of its stored pixels.
        verdicts: All its verdicts.
        policy: The policy in force.
        seniors: Ids of the senior readers.
    """
    said = sorted(verdicts, key=moment)
    seen = _in_turn(verdict for verdict in said if verdict.file_digest == file_digest)
    last = {verdict.reviewer: verdict for verdict in seen}
    counted = [one for one in seen if last[one.reviewer] is one and one.revoked_at is None]
    state = _state(counted, settling(seen, policy, seniors), policy, seniors)
    return Decision(sample=sample, state=state, verdicts=tuple(said), counted=tuple(counted))


def settling(verdicts: Iterable[Verdict], policy: ReviewPolicy, seniors: Collection[str]) -> set[str]:
    """Ids of the verdicts that settle a disagreement, whatever they say of themselves.

    Verdicts and revocations are replayed by time. A senior's verdict settles where the others disagree then
    and none of the senior's own counts; so does what takes the place of one that settles and counts.

    Args:
        verdicts: On the same pixels of one sample.
        policy: The policy in force.
        seniors: Ids of the senior readers.
    """
    last, found = dict[str, Verdict](), set[str]()
    for verdict in _in_turn(verdicts):
        own = last.get(verdict.reviewer)
        if own is not None and _stood(own, verdict.at):
            settles = own.id in found
        else:
            standing = sorted((one for one in last.values() if _stood(one, verdict.at)), key=moment)
            disputed = _state(standing, found, policy, seniors) == "disputed"
            settles = disputed and verdict.reviewer in seniors
        if settles:
            found.add(verdict.id)
        last[verdict.reviewer] = verdict
    return found


def moment(verdict: Verdict) -> tuple[datetime, str]:
    """Where a verdict stands among others: by time, ids settling ties."""
    return verdict.at, verdict.id


def _in_turn(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts by time, without those that their own reader had replaced by a clock that was slow."""
    kept, replaced = list[Verdict](), set[tuple[str | None, str]]()
    for verdict in sorted(verdicts, key=moment):
        if (verdict.id, verdict.reviewer) not in replaced:
            kept.append(verdict)
            replaced.add((verdict.supersedes, verdict.reviewer))
    return kept


def _stood(verdict: Verdict, at: datetime) -> bool:
    """Whether a verdict was not revoked yet."""
    return verdict.revoked_at is None or verdict.revoked_at > at


def _state(
    counted: Sequence[Verdict], settled: Collection[str], policy: ReviewPolicy, seniors: Collection[str]
) -> State:
    deciding = [verdict for verdict in counted if verdict.id in settled]
    if deciding:
        return "approved" if deciding[-1].outcome == "approve" else "rejected"
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
