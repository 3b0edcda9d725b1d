"""Review: what physicians say of samples, the decision that it comes to, and the way back to the engine."""

from medsynth_aug.review.changes import CHANGES, Change, changed
from medsynth_aug.review.effects import ReasonEffect, reason_effects
from medsynth_aug.review.films import lookups_of
from medsynth_aug.review.policy import Decision, ReviewPolicy
from medsynth_aug.review.reasons import Reason
from medsynth_aug.review.regenerating import RegenerationReport, regenerate
from medsynth_aug.review.store import ReviewStore
from medsynth_aug.review.verdict import Opinion, Reviewer, Verdict

__all__ = [
    "CHANGES", "Change", "Decision", "Opinion", "Reason", "ReasonEffect", "RegenerationReport",
    "ReviewPolicy", "ReviewStore", "Reviewer", "Verdict", "changed", "lookups_of", "reason_effects",
    "regenerate",
]  # fmt: skip
