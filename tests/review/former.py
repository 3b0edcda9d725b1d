"""How verdicts that are recorded one after the other are decided: step by step, as they come."""

from medsynth_aug.review import ReviewPolicy, Verdict


class Former:
    """The plain rule for one store: flags are set as verdicts come, and never looked at again.

    Args:
        policy: The policy in force.
        seniors: Ids of the senior readers.
    """

    def __init__(self, policy: ReviewPolicy, seniors: set[str]) -> None:
        self._policy, self._seniors = policy, seniors
        self._last: dict[str, Verdict] = {}
        self._revoked: set[str] = set()
        self._settles: set[str] = set()

    def record(self, verdict: Verdict) -> None:
        """Note a verdict, and check what the store says of it."""
        state, counted = self.decision()
        own = self._last.get(verdict.reviewer)
        if own is not None and own.id in counted:
            settles = own.id in self._settles
        else:
            settles = state == "disputed" and verdict.reviewer in self._seniors
        assert verdict.adjudicates == settles
        assert verdict.supersedes == (None if own is None else own.id)
        self._settles |= {verdict.id} if settles else set()
        self._last.pop(verdict.reviewer, None)
        self._last[verdict.reviewer] = verdict

    def revoke(self, identity: str) -> None:
        """Note that a verdict was taken back."""
        self._revoked.add(identity)

    def decision(self) -> tuple[str, list[str]]:
        """State, and the ids of the verdicts that count, in order."""
        counted = [one for one in self._last.values() if one.id not in self._revoked]
        return self._state(counted), [one.id for one in counted]

    def _state(self, counted: list[Verdict]) -> str:
        policy = self._policy
        settled = [one for one in counted if one.id in self._settles]
        if settled:
            return "approved" if settled[-1].outcome == "approve" else "rejected"
        approving = [one for one in counted if one.outcome == "approve"]
        rejections = len(counted) - len(approving)
        if policy.adjudication and approving and rejections:
            return "disputed" if len(counted) >= policy.readers else "pending"
        enough = len(approving) >= policy.approvals
        hopeless = rejections > policy.readers - policy.approvals
        if hopeless:
            return "disputed" if enough else "rejected"
        senior = any(one.reviewer in self._seniors for one in approving)
        return "approved" if enough and (senior or not policy.senior_required) else "pending"
