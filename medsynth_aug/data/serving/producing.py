"""Carry a plan out as training goes on: copy the backgrounds into the bank, and start a producer."""

import numpy as np

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.producer import OnLate, Producer, SameLesion
from medsynth_aug.data.planning.making import keep_made, make_plan
from medsynth_aug.data.planning.plan import Plan
from medsynth_aug.data.planning.training_data import TrainingData
from medsynth_aug.data.planning.wish import Wish
from medsynth_aug.data.serving.filling import ATTEMPTS, Accept, announce, told_of_approved
from medsynth_aug.data.serving.reviewed import ReviewedSupply, approved_draws
from medsynth_aug.data.serving.supply import ProducedSupply
from medsynth_aug.synthesis.synthesizer import Synthesizer


def produced(
    training: TrainingData,
    wish: Wish,
    synthesizer: Synthesizer,
    bank: SampleBank,
    *,
    reuse: int,
    ahead: int,
    on_late: OnLate,
    batch_size: int,
    accept: Accept,
    progress: bool,
) -> tuple[Plan, ProducedSupply | ReviewedSupply]:
    """The plan as far as it is served, and a supply that a producer works for.

    Args:
        training: The training split.
        wish: What is wanted.
        synthesizer: Makes the samples, in the producer's process.
        bank: Takes the samples, and copies of the backgrounds: the producer never reads the user's data.
        reuse: For how many epochs a sample serves.
        ahead: How many synthetic reads to look ahead.
        on_late: What to do about a sample that is not there yet.
        batch_size: Samples made at once.
        accept: Serve any sample, or approved ones only.
        progress: Announce the plan and show bars.
    """
    plan = make_plan(
        training, wish, engine=synthesizer.fingerprint, folder=bank.path / "digests", copies=bank,
        progress=progress,
    )  # fmt: skip
    announce(plan.summary(), progress)
    draws = SameLesion(reuse=reuse)
    producer = Producer(
        synthesizer, bank, plan.requests,
        draws=draws, ahead=ahead, on_late=on_late, batch_size=batch_size, max_attempts=ATTEMPTS,
    )  # fmt: skip
    if accept == "any":
        return plan, ProducedSupply(producer, plan.requests, plan.samples.lesions)
    kept = np.array(sorted(approved_draws(bank, plan.requests, draws)), np.int64)
    made = keep_made(plan, kept, training, wish)
    announce(f"{told_of_approved(len(kept), len(plan.requests))}\n{made.summary()}", progress)
    supply = ReviewedSupply(
        producer, bank, plan.requests, draws=draws, kept=kept, classes=made.samples.lesions
    )
    return made, supply
