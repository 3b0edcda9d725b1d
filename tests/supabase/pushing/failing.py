"""Gates that cannot look at images: with a damaged checkpoint, or before they are ready."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from medsynth_aug.corpus import GateReport
from medsynth_aug.errors import CheckpointError
from tests.supabase.material import MeasuredGate


@dataclass
class FailingGate(MeasuredGate):
    """Fails where it is asked about one of some images.

    Args:
        fails_on: Digests of these.
    """

    fails_on: tuple[str, ...] = ()

    def check(self, digests: Iterable[str]) -> GateReport:
        wanted = list(digests)
        if not set(self.fails_on).isdisjoint(wanted):
            raise CheckpointError("the training index is damaged")
        return super().check(wanted)


@dataclass
class WarmingGate(MeasuredGate):
    """Is ready after `warm`, which waits for `let` and then fails with `problem`, if there is one.

    Args:
        problem: Why it cannot be made ready.
        let: Lets `warm` go on.
        warmed: How often `warm` was called.
    """

    problem: str = ""
    let: threading.Event = field(default_factory=threading.Event)
    warmed: int = 0

    def warm(self) -> None:
        self.warmed += 1
        assert self.let.wait(60)
        if self.problem:
            raise CheckpointError(self.problem)
