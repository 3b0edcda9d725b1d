"""Bring the pixels that a request names: source, anatomy, mask and keep-mask."""

from torch import Tensor

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.sources import SourceStore
from medsynth_aug.errors import ImageError
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal
from medsynth_aug.synthesis.source import NO_SOURCE, SourceImage
from medsynth_aug.synthesis.synthesizer import Job, Synthesizer


class JobBuilder:
    """Builds jobs for one synthesizer; anatomy is found once a source and kept in the bank.

    Args:
        synthesizer: Finds the anatomy where no request brings one.
        bank: Holds anatomies, masks and keep-masks.
        sources: Holds the sources.
    """

    def __init__(self, synthesizer: Synthesizer, bank: SampleBank, sources: SourceStore) -> None:
        self.synthesizer = synthesizer
        self.bank = bank
        self._sources = sources
        self._source: SourceImage | None = None
        self._anatomy: Tensor | None = None

    def build(self, request: SynthesisRequest) -> Job | Refusal:
        """The job of a request, or a refusal where no anatomy can be found in its source.

        Raises:
            SourceNotFoundError: If the pixels of the source are not to be found.
            BankError: If a map that the request names is not in the bank.
        """
        if request.source == NO_SOURCE:
            return Job(request, None, anatomy=self._map(request.anatomy_digest))
        if self._source is None or self._source.digest != request.source:
            self._source, self._anatomy = self._sources.get(request.source), None
        try:
            anatomy = self._anatomy_of(request, self._source)
        except ImageError as problem:
            return Refusal(request, str(problem), final=True)
        return Job(
            request,
            self._source,
            anatomy=anatomy,
            mask=self._map(request.mask_digest),
            keep_mask=self._map(request.keep_mask_digest),
        )

    def _anatomy_of(self, request: SynthesisRequest, source: SourceImage) -> Tensor | None:
        if request.anatomy_digest is not None:
            return self.bank.map(request.anatomy_digest)
        if self._anatomy is None:
            self._anatomy = self._found(source)
        return self._anatomy

    def _found(self, source: SourceImage) -> Tensor | None:
        model = self.synthesizer.fingerprint
        if self.bank.anatomy(source.digest, model) is None:
            self.bank.put_anatomy(source.digest, model, self.synthesizer.segment(source))
        return self.bank.anatomy(source.digest, model)  # the first one stored, whoever found it

    def _map(self, digest: str | None) -> Tensor | None:
        return None if digest is None else self.bank.map(digest)
