"""Measure how long an engine takes for the samples of a plan, on a few of them."""

from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.data.items.reading import SourceReader
from medsynth_aug.data.planning.plan import Plan
from medsynth_aug.errors import PlanError
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import Synthesizer

TIMED = 16
"""Samples that are timed, spread over the plan."""


class Rate(NamedTuple):
    """Seconds a sample, and the number of samples that it was measured on."""

    seconds_per_sample: float
    timed: int


def time_plan(
    plan: Plan, synthesizer: Synthesizer, reader: SourceReader, *, count: int = TIMED, batch_size: int = 8
) -> Rate:
    """Paint a few samples of a plan, throw them away, and say how long each took.

    The first one is painted before the clock starts, unless it is the only one. The time holds all that
    `generate` does: anatomy, painting, another draw after a refusal, and storing.

    Args:
        plan: Made for this synthesizer, without maps of your own.
        synthesizer: The engine.
        reader: The data set that was planned.
        count: Samples to time.
        batch_size: Samples made at once.

    Raises:
        PlanError: If the plan asks for nothing.
        SettingError: If the plan was made for another engine.
        SourceChangedError: If an item is not what it was when it was planned.
    """
    if not len(plan.requests):
        raise PlanError("the plan asks for nothing, so there is nothing to time; leave --time out")
    places = np.unique(np.linspace(0, len(plan.requests) - 1, count + 1).astype(int)).tolist()
    requests = [plan.requests[place] for place in places]
    with TemporaryDirectory() as folder:
        bank = SampleBank(folder)
        sources = SourceStore(bank, _look_up(plan, reader))
        if len(requests) > 1:
            generate(requests[:1], synthesizer, bank, sources, progress=False)
        timed = requests[1:] or requests
        report = generate(timed, synthesizer, bank, sources, batch_size=batch_size, progress=False)
        bank.close()
    return Rate(report.seconds / len(timed), len(timed))


def _look_up(plan: Plan, reader: SourceReader) -> Callable[[str], SourceImage | None]:
    items: Sequence[tuple[str, int]] = [(item.source, item.index) for item in plan.samples.items]
    index_of = dict(items)

    def look_up(digest: str) -> SourceImage | None:
        if digest not in index_of:
            return None
        _, parts, _ = reader.expect(index_of[digest], digest)
        return reader.source(index_of[digest], parts)

    return look_up
