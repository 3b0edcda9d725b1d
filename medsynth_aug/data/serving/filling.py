"""Carry a plan out at once: fill the bank with its samples, or find them where they were made before."""

import sys
from collections import Counter
from pathlib import Path
from typing import Literal

from tqdm.auto import tqdm

from medsynth_aug.bank import Outstanding, SampleBank, SourceStore, generate
from medsynth_aug.bank.accepted import stand_ins
from medsynth_aug.bank.tracing import trace_all
from medsynth_aug.data.items.label_pass import write_whole
from medsynth_aug.data.items.reading import SourceReader
from medsynth_aug.data.planning.digest_pass import expect_maps
from medsynth_aug.data.planning.making import keep_made, make_plan
from medsynth_aug.data.planning.plan import Plan
from medsynth_aug.data.planning.training_data import TrainingData
from medsynth_aug.data.planning.wish import Wish
from medsynth_aug.data.serving.supply import StoredSupply
from medsynth_aug.errors import BankError, PlanError
from medsynth_aug.synthesis.sample import Refusal
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import Synthesizer

ATTEMPTS = 3
"""Draws for one place in the data set before it stays empty."""

Accept = Literal["any", "approved"]


def stored(
    training: TrainingData,
    wish: Wish,
    synthesizer: Synthesizer | None,
    bank: SampleBank | Path,
    *,
    batch_size: int,
    accept: Accept,
    progress: bool,
) -> tuple[SampleBank, Plan, StoredSupply]:
    """The bank, the plan as it came about, and the samples, all of them stored.

    Args:
        training: The training split.
        wish: What is wanted.
        synthesizer: Makes what the bank does not hold yet; None reads what was made before.
        bank: The bank, or its folder, which is made only once the plan stands.
        batch_size: Samples made at once.
        accept: Serve any sample, or approved ones only, at their places those that were made in their stead.
        progress: Announce the plan and show bars.

    Raises:
        PlanError: Without a synthesizer, if the bank was not filled with such a plan.
    """
    folder = bank.path if isinstance(bank, SampleBank) else bank
    bank = SampleBank(bank) if isinstance(bank, Path) and bank.exists() else bank
    engine = "" if synthesizer is None else synthesizer.fingerprint
    digests = folder / "digests" if synthesizer is not None or folder.exists() else None
    plan = make_plan(training, wish, engine=engine, folder=digests, progress=progress)
    if synthesizer is None:
        plan = _planned_before(plan, folder)
    bank = bank if isinstance(bank, SampleBank) else SampleBank(bank)
    if synthesizer is not None:
        announce(plan.summary(), progress)
        _fill(plan, synthesizer, bank, training.reader, wish, batch_size, progress)
    states = _find(plan, bank)
    served = {place: state for place, state in enumerate(states) if isinstance(state, str)}
    if accept == "approved":
        approved = stand_ins(bank.database, served.values())
        announce(told_of_approved(len(approved), len(served)), progress)
        served = {place: approved[digest] for place, digest in served.items() if digest in approved}
    made = keep_made(plan, list(served), training, wish)
    reasons = Counter(state.reason for state in states if isinstance(state, Refusal))
    if reasons:
        often = reasons.most_common(1)[0][0]
        told = f"{reasons.total()} refused, most often because: {often}\nAs it came about:"
        announce(f"{told}\n{made.summary()}", progress)
    return bank, made, StoredSupply(list(served.values()))


def told_of_approved(approved: int, count: int) -> str:
    """What is announced where only approved samples are served."""
    return f"{approved} of {count} samples are approved; the others are left out until they are"


def announce(text: str, progress: bool) -> None:
    """Say something on standard error without breaking a progress bar."""
    if progress:
        tqdm.write(text, file=sys.stderr)


def _fill(
    plan: Plan, synthesizer: Synthesizer, bank: SampleBank, reader: SourceReader, wish: Wish, batch_size: int,
    progress: bool,
) -> None:  # fmt: skip
    """Make what the bank does not hold yet; the plan is noted last, once every sample is there."""
    items = {item.source: item for item in (*plan.samples.used_items, *plan.shams.used_items)}
    for item in items.values():
        for map_ in expect_maps(wish, item).values():
            bank.put_map(map_)

    def look_up(digest: str) -> SourceImage | None:
        if digest not in items:
            return None
        index = items[digest].index
        _, parts, _ = reader.expect(index, digest)
        return reader.source(index, parts)

    generate(
        plan.requests, synthesizer, bank, SourceStore(bank, look_up),
        batch_size=batch_size, max_attempts=ATTEMPTS, progress=progress,
    )  # fmt: skip
    write_whole(_noted(bank.path, plan), plan.engine)


def _planned_before(plan: Plan, folder: Path) -> Plan:
    """The plan for the engine that filled the bank in that folder.

    Raises:
        PlanError: If the bank was not filled with such a plan.
        BankError: If the note of it cannot be read.
    """
    if not len(plan.requests):
        return plan
    path = _noted(folder, plan)
    if not path.is_file():
        raise PlanError(
            f"{folder} was not filled with these arguments; build the data set once with a synthesizer, "
            "with the same source, lesions, seed and settings"
        )
    try:
        return plan.for_engine(path.read_text())
    except OSError as problem:
        raise BankError(f"{path} cannot be read ({problem.strerror}); give read permission") from problem


def _find(plan: Plan, bank: SampleBank) -> list[str | Refusal]:
    """Digest of the sample of each request of a plan, or its last refusal.

    Raises:
        PlanError: If some have neither.
    """
    states = trace_all(bank, plan.requests, ATTEMPTS)
    found = [state for state in states if not isinstance(state, Outstanding)]
    if len(found) < len(states):
        raise PlanError(
            f"{bank.path} lacks {len(states) - len(found)} of {len(states)} samples that it held before; "
            "build the data set once with a synthesizer to make them again"
        )
    return found


def _noted(folder: Path, plan: Plan) -> Path:
    return folder / "plans" / f"{plan.digest}.engine"
