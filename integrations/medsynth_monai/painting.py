"""Where the lesion of an item comes from: painted here and now, or drawn from a bank."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol, get_args

from torch.utils.data import get_worker_info

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.accepted import approved
from medsynth_aug.bank.producer import FrozenByEpoch, OnLate, PackedSynthesizer, Producer
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis import Job, Refusal, SynthesisRequest, Synthesizer, SyntheticSample
from medsynth_aug.synthesis.synthesizer import runs_in_workers
from medsynth_monai.any_lesion import AnyLesion

ATTEMPTS = 3
"""How many draws a slot gets before its item passes untouched."""


Accept = Literal["any", "approved"]

Drawn = tuple[int, int, str, str]
"""Number and attempt of a draw, digest of its sample, and of the approved one at its place."""


class Painting(Protocol):
    """Turns a job into a sample."""

    def check_worker(self) -> None:
        """Refuse to work in a DataLoader worker, if that cannot be."""
        ...

    def paint(self, job: Job) -> SyntheticSample | Refusal:
        """The sample of a job, or why there is none after all attempts."""
        ...


class LivePainting:
    """Paints in this process, every time anew.

    Args:
        synthesizer: The engine.
        accept: Must be `"any"`: nobody has reviewed what is painted now.

    Raises:
        SettingError: If it is not.
    """

    def __init__(self, synthesizer: Synthesizer, *, accept: Accept = "any") -> None:
        if accept != "any":
            raise SettingError(
                f"accept is {accept!r}, but what is painted live was reviewed by nobody; draw from a bank "
                'whose samples were reviewed: bank="bank/"'
            )
        self._synthesizer = synthesizer

    def check_worker(self) -> None:
        """Refuse a live engine in a DataLoader worker.

        Raises:
            SettingError: If it is one.
        """
        if get_worker_info() is not None and not runs_in_workers(self._synthesizer):
            raise SettingError(
                f"a live {type(self._synthesizer).__name__} cannot paint inside a DataLoader worker (CUDA "
                "fails after fork, and every worker would hold an engine of its own); use num_workers=0, "
                "or let a process of its own fill a bank from which any number of workers draw: "
                'RandSynthesizeLesiond(..., bank="bank/")'
            )

    def paint(self, job: Job) -> SyntheticSample | Refusal:
        """The sample of a job, or why there is none after all attempts."""
        for _ in range(ATTEMPTS):
            outcome = self._synthesizer.synthesize([job])[0]
            if isinstance(outcome, SyntheticSample) or outcome.final:
                break
            job = replace(job, request=job.request.next_attempt())
        return outcome


class BankPainting:
    """Draws from a bank; what it lacks is asked for, with a copy of the source, and made in another process.

    Args:
        synthesizer: The engine, for the producer's process; it does not travel into workers.
        bank: The bank.
        draws: Which lesion a source gets in which epoch.
        ahead: How many planned reads to look ahead.
        on_late: Wait for a sample that is not there yet, or serve an earlier draw of it.
        batch_size: Samples made at once.
        accept: Serve any sample, or approved ones only.

    Raises:
        SettingError: If a number is out of its range, `accept` or `on_late` is unknown, or the synthesizer
            cannot travel.
        ProducerError: If the producer does not start.
    """

    def __init__(
        self,
        synthesizer: Synthesizer,
        bank: SampleBank,
        *,
        draws: AnyLesion,
        ahead: int,
        on_late: OnLate,
        batch_size: int,
        accept: Accept = "any",
    ) -> None:
        if accept not in get_args(Accept):
            raise SettingError(f'accept is {accept!r}; use "any" or "approved"')
        self.bank, self._packed = bank, PackedSynthesizer.of(synthesizer)
        self._only_approved = accept == "approved"
        self._settings: dict[str, Any] = {
            "draws": draws, "ahead": ahead, "on_late": on_late, "batch_size": batch_size
        }  # fmt: skip
        self._places: dict[str, int] = {}
        self._open((), 0)

    def look_ahead(self, requests: Sequence[SynthesisRequest]) -> None:
        """Make samples ahead of need, for every source that may be painted.

        Args:
            requests: One for each source.
        """
        epoch = self.producer.epoch
        self.producer.close()
        self._open(requests, epoch)
        self._places = {request.source: place for place, request in enumerate(requests)}

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, with what is approved now where only that is served."""
        if self._only_approved:
            self._frozen.freeze(epoch, lambda: _by_source(self.bank))
        self.producer.set_epoch(epoch)

    def first_draw(self, request: SynthesisRequest) -> SynthesisRequest:
        """The request that a source is served in the first epoch."""
        draws: AnyLesion = self._settings["draws"]
        return draws.request(request, 0)

    def check_worker(self) -> None:
        """Any process may draw from a bank."""

    def paint(self, job: Job) -> SyntheticSample | Refusal:
        """The stored sample that a job's source gets in this epoch, or why there is none."""
        place = self._places.get(job.request.source)
        if self._only_approved:
            self.producer.pass_over(job.request, place=place, bring=lambda: self.keep(job))
            return self._newest_approved(job.request)
        state = self.producer.fetch(job.request, place=place, bring=lambda: self.keep(job))
        return state if isinstance(state, Refusal) else self.bank.get(state)

    def _open(self, requests: Sequence[SynthesisRequest], epoch: int) -> None:
        """Start a producer that looks ahead for these requests."""
        self.producer = Producer(self._packed, self.bank, requests, max_attempts=ATTEMPTS, **self._settings)
        self._frozen = FrozenByEpoch(self.producer.folder)
        self.set_epoch(epoch)

    def _newest_approved(self, planned: SynthesisRequest) -> SyntheticSample | Refusal:
        """The sample of a source's newest draw that was approved when the epoch began."""
        draws: AnyLesion = self._settings["draws"]
        for number, attempt, root, digest in self._frozen.at(self.producer.epoch).get(planned.source, ()):
            if replace(draws.request(planned, number), attempt=attempt).digest == root:
                return self.bank.get(digest)
        return Refusal(planned, "no sample for this image is approved yet; review those in the bank")

    def keep(self, job: Job) -> None:
        """Put copies of the source and the user's own maps into the bank, where the producer reads them."""
        assert job.source is not None
        self.bank.put_source(job.source)
        for map_ in (job.anatomy, job.keep_mask):
            if map_ is not None:
                self.bank.put_map(map_)


def _by_source(bank: SampleBank) -> dict[str, list[Drawn]]:
    """What is approved in a bank, by source, the newest draw first."""
    found: dict[str, list[Drawn]] = {}
    for one in sorted(approved(bank.database), key=lambda one: (one.replacements, one.digest)):
        kind, _, rest = one.slot.partition("/")
        number, _, source = rest.partition("/")
        if kind == "monai" and source == one.source and number.isdecimal():
            found.setdefault(source, []).append((int(number), one.attempt, one.root, one.digest))
    return {source: sorted(own, key=lambda drawn: -drawn[0]) for source, own in found.items()}
