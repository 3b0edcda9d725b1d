"""A gate that cannot look at some images, as with a damaged checkpoint."""

from collections.abc import Iterable
from dataclasses import dataclass

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
