"""What the changes of each reason do: the share of samples made after it that are approved."""

from dataclasses import dataclass

from scipy.stats import binomtest
from sqlalchemy import select

from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import regenerations, samples
from medsynth_aug.review.reasons import Reason
from medsynth_aug.review.store import ReviewStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonEffect:
    """How the samples fared that were made after a rejection for one reason.

    Args:
        reason: The reason, alone or with others.
        n: Those of them that are decided.
        approved: Those that are approved.
        waiting: Those that are not decided yet.
        given_up: Rejections for this reason after which no sample was made.
        low: Lower end of the 95 % Wilson interval of the approval rate, or None where n is 0.
        high: Its upper end.
    """

    reason: Reason
    n: int
    approved: int
    waiting: int
    given_up: int
    low: float | None
    high: float | None

    @property
    def rate(self) -> float | None:
        """Share of the decided ones that are approved, in [0, 1]; None where n is 0."""
        return self.approved / self.n if self.n else None


def reason_effects(store: ReviewStore) -> tuple[ReasonEffect, ...]:
    """The effect of each reason that was given so far.

    Returns:
        One row a reason, with the 95 % interval of Wilson, JASA 22 (1927) 209.
    """
    database = store.bank.database
    with database.reading() as connection:
        rows = connection.execute(
            select(regenerations.c.parent, regenerations.c.reasons, regenerations.c.given_up)
        ).all()
    query = select(samples.c.parent, samples.c.acceptance)
    found = among(database, query, samples.c.parent, [row.parent for row in rows])
    fate = {row.parent: row.acceptance for row in found}
    made = []
    for reason in Reason:
        own = [row for row in rows if reason in row.reasons]
        if own:
            fates = [fate[row.parent] for row in own if row.parent in fate]
            made.append(_effect(reason, fates, sum(row.given_up is not None for row in own)))
    return tuple(made)


def _effect(reason: Reason, fates: list[str | None], given_up: int) -> ReasonEffect:
    approved, n = fates.count("approved"), len(fates) - fates.count(None)
    interval = binomtest(approved, n).proportion_ci(0.95, "wilson") if n else None
    return ReasonEffect(
        reason=reason, n=n, approved=approved, waiting=fates.count(None), given_up=given_up,
        low=None if interval is None else float(interval.low),
        high=None if interval is None else float(interval.high),
    )  # fmt: skip
