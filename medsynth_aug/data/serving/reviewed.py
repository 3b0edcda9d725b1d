"""Serve approved samples only, while new ones are made ahead and wait for review."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.accepted import approved
from medsynth_aug.bank.producer import Draws, FrozenByEpoch, Producer, ProductionReport
from medsynth_aug.data.serving.supply import Served, others_of_its_class
from medsynth_aug.errors import PlanError
from medsynth_aug.synthesis.request import SynthesisRequest

_LATER_DRAW = re.compile(r"(.*)/(\d+)")


class ReviewedSupply:
    """Every place shows its newest approved draw; which one that is stays as it is while an epoch lasts.

    The places are those that had an approved draw when the data set was built. Where all approvals of a place
    were revoked since, the place shows what the next place of its class does, so that the length stays.

    Args:
        producer: Makes new draws of all planned places, for review.
        bank: Says what is approved.
        requests: The planned request of each place, in full: the samples' first, then the shams'.
        draws: How the draws of a place follow each other.
        kept: `(M,)` positions in `requests` of the places that are served, in order.
        classes: `(N,)` class of each sample that is served, as a number; the shams behind them have none.
    """

    def __init__(
        self,
        producer: Producer,
        bank: SampleBank,
        requests: Sequence[SynthesisRequest],
        *,
        draws: Draws,
        kept: NDArray[np.int64],
        classes: NDArray[np.int64],
    ) -> None:
        self._producer, self._bank, self._requests, self._draws = producer, bank, requests, draws
        self._kept, self._classes = kept, classes
        self._frozen = FrozenByEpoch(producer.folder)
        self.set_epoch(producer.epoch)

    def serve(self, place: int) -> Served | None:
        """What fills a place in this epoch; a new draw of it is asked for, and not waited for.

        Raises:
            ProducerError: If the producer failed, with its reason.
            PlanError: If all approvals of the class were revoked.
        """
        shown = self._frozen.at(self._producer.epoch)
        position = int(self._kept[place])
        self._producer.pass_over(self._requests[position], place=position)
        for candidate in others_of_its_class(self._classes, place):
            if shown[candidate]:
                return Served(candidate, shown[candidate])
        if place >= len(self._classes):
            return None
        raise PlanError(
            f"no approved sample is left for the class at place {place}: all approvals were revoked; build "
            "the data set anew, which leaves these places out"
        )

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch with what is approved now; an epoch that began before is as it was."""
        self._frozen.freeze(epoch, self._shown)
        self._producer.set_epoch(epoch)

    def publish_order(self, places: NDArray[np.int64]) -> None:
        """Say in which order the places will be read in this epoch."""
        self._producer.publish_order(self._kept[places])

    def report(self) -> ProductionReport:
        """Counts since the data set was built."""
        return self._producer.report()

    def close(self) -> None:
        """End the producer."""
        self._producer.close()

    def _shown(self) -> list[str]:
        found = approved_draws(self._bank, self._requests, self._draws)
        return [found.get(position, "") for position in self._kept.tolist()]


def approved_draws(bank: SampleBank, requests: Sequence[SynthesisRequest], draws: Draws) -> dict[int, str]:
    """Place in a plan -> its newest draw that is approved, itself or one that was made in its place."""
    places = {request.slot: place for place, request in enumerate(requests)}
    best: dict[int, tuple[int, int, str]] = {}
    for one in approved(bank.database):
        place, number = _place_and_number(one.slot, places)
        if place is None:
            continue
        asked = replace(draws.request(requests[place], number), attempt=one.attempt)
        if asked.digest == one.root:
            rank = (number, -one.replacements, one.digest)
            best[place] = max(rank, best.get(place, rank))
    return {place: digest for place, (_, _, digest) in best.items()}


def _place_and_number(slot: str, places: dict[str, int]) -> tuple[int | None, int]:
    if slot in places:
        return places[slot], 0
    later = _LATER_DRAW.fullmatch(slot)
    return (places.get(later[1]), int(later[2])) if later else (None, 0)
