"""What the card says of the review: who read, by which policy, and how often readers agreed."""

import numpy as np
from sqlalchemy import select

from medsynth_aug.bank.schema import samples, verdicts
from medsynth_aug.corpus import PatientStore
from medsynth_aug.evaluation import Figure
from medsynth_aug.evaluation.figures import refusal
from medsynth_aug.evaluation.privacy.copies import share_figure
from medsynth_aug.review import Decision, ReviewPolicy, ReviewStore

AGREEMENT = "share on which all readers agree, rejected images too"


def review_figures(reviews: ReviewStore, approved: list[Decision]) -> tuple[Figure, ...]:
    """Distinct readers, the policy in force, and the readers' agreement.

    Args:
        reviews: Of the bank.
        approved: Decisions on the approved images of the corpus.
    """
    n = {"approved images": len(approved)}
    readers = {verdict.reviewer for one in approved for verdict in one.counted}
    policy = reviews.policy
    return (
        Figure(name="distinct readers", value=len(readers), n=n),
        Figure(name=_asked(policy), value=policy.approvals, n=n),
        _agreement(reviews),
    )


def _asked(policy: ReviewPolicy) -> str:
    senior = ", a senior among them" if policy.senior_required else ""
    count = f"{policy.readers} reader{'s' if policy.readers > 1 else ''}"
    return f"approvals that the policy asks for, of {count}{senior}"


def _agreement(reviews: ReviewStore) -> Figure:
    """Over all images of virtual patients that several readers read: approved ones alone would flatter."""
    read = select(samples.c.digest).where(
        samples.c.purpose == "patient", samples.c.digest.in_(select(verdicts.c.sample))
    )
    with reviews.bank.database.reading() as connection:
        found = list(connection.scalars(read.order_by(samples.c.digest)))
    several = [one for one in reviews.decisions(found).values() if len(one.counted) > 1]
    n = {"images with several readers": len(several)}
    if not several:
        return refusal(AGREEMENT, "no image has several readers", n=n)
    agreed = np.array([len({verdict.outcome for verdict in one.counted}) == 1 for one in several])
    patients = PatientStore(reviews.bank)
    owners = [patients.of_sample(one.sample) or one.sample for one in several]
    return share_figure(AGREEMENT, agreed, owners, images=next(iter(n)))
