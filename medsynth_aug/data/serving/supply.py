"""Where the samples of a data set come from: all of them stored beforehand, or made ahead of need."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.bank.producer import Producer, ProductionReport
from medsynth_aug.errors import PlanError
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal


class Served(NamedTuple):
    """What fills a place: the digest of a stored sample, and the place that it was planned for."""

    place: int
    digest: str


class Supply(Protocol):
    """Fills the places of a plan: first those of its samples, then those of its shams."""

    def serve(self, place: int) -> Served | None:
        """What fills a place now; None where nothing can, for a sham only."""
        ...


class StoredSupply:
    """Every place has its sample before the first one is asked for.

    Args:
        digests: Digest of the sample of each place.
    """

    def __init__(self, digests: Sequence[str]) -> None:
        self._digests = digests

    def serve(self, place: int) -> Served | None:
        """What fills a place."""
        return Served(place, self._digests[place])


class ProducedSupply:
    """Places are filled anew as epochs go by, by a producer that works ahead of need.

    Where every draw of a place is refused, the place shows the sample of the next place of its class instead,
    so that the number of items of a class stays what was planned.

    Args:
        producer: Makes the samples.
        requests: The planned request of each place: the samples' first, then the shams'.
        classes: `(N,)` class of each sample, as a number; the shams have none.
    """

    def __init__(
        self,
        producer: Producer,
        requests: Sequence[SynthesisRequest],
        classes: NDArray[np.int64],
    ) -> None:
        self._producer, self._requests, self._classes = producer, requests, classes

    def serve(self, place: int) -> Served | None:
        """What fills a place in this epoch; waits for it if it must.

        Raises:
            ProducerError: If the producer failed, with its reason.
            PlanError: If every place of the class was refused.
        """
        reason = ""
        for candidate in others_of_its_class(self._classes, place):
            state = self._producer.fetch(self._requests[candidate], place=candidate)
            if not isinstance(state, Refusal):
                return Served(candidate, state)
            reason = state.reason
        if place >= len(self._classes):
            return None
        raise PlanError(
            f"every draw of every place of the class at place {place} was refused, last because: "
            f"{reason}; look at the backgrounds or take the class out of `lesions`"
        )

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch."""
        self._producer.set_epoch(epoch)

    def publish_order(self, places: NDArray[np.int64]) -> None:
        """Say in which order the places will be read in this epoch."""
        self._producer.publish_order(places)

    def report(self) -> ProductionReport:
        """Counts since the data set was built."""
        return self._producer.report()

    def close(self) -> None:
        """End the producer."""
        self._producer.close()


def others_of_its_class(classes: NDArray[np.int64], place: int) -> Iterator[int]:
    """A place itself, then the others of its class, beginning with the next one.

    Args:
        classes: `(N,)` class of each sample; places behind them, of shams, have none.
        place: The place.
    """
    yield place
    if place < len(classes):
        own = np.flatnonzero(classes == classes[place])
        after = np.searchsorted(own, place, side="right")
        yield from np.roll(own, -int(after))[:-1].tolist()
