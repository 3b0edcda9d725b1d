"""The publish gate: nothing reaches other people unless everything here says yes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus.chain import Chain, follow
from medsynth_aug.corpus.licences import Ancestry, check_target, clashes
from medsynth_aug.corpus.store import PatientStore
from medsynth_aug.errors import BankError
from medsynth_aug.evaluation.privacy.report import PrivacyReport
from medsynth_aug.synthesis.sample import SyntheticSample

__all__ = ["Checked", "Decided", "Decisions", "Gate", "GateReport", "PublishGate"]

PROVENANCE = ("maker", "version")
OF_WHOLE, OF_LESION = ("prompt",), ("lesion", "side", "size_mm")
"""What the provenance of every sample, of a whole image and of a lesion must say."""


class Decided(Protocol):
    """What a review came to."""

    @property
    def state(self) -> str:
        """`"approved"`, `"rejected"`, `"pending"` or `"disputed"`."""
        ...


class Decisions(Protocol):
    """Who knows what physicians decided; the review store does."""

    def decision(self, digest: str) -> Decided:
        """Where a sample stands by the policy."""
        ...


class Checked(Protocol):
    """What a gate says of samples; a `GateReport` is one."""

    @property
    def passed(self) -> Sequence[str]:
        """Digests of the samples that other people may see."""
        ...

    @property
    def refused(self) -> Sequence[tuple[str, str]]:
        """Digest and reason of each of the others."""
        ...


class Gate(Protocol):
    """Decides which samples other people may see; `PublishGate` and `Gatekeeper` do."""

    def check(self, digests: Sequence[str]) -> Checked:
        """Look at every sample."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What may be published, and why the rest may not.

    Args:
        passed: Digests, in the order asked.
        refused: Digest and reason, in the order asked; several reasons are joined by "; ".
        licence: What the corpus may bear, in lower case.
        ancestors: Licences of all that the passed samples descend from, in lower case, sorted.
        augmented: True for a set that may hold real pixels and must be named so.
    """

    passed: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    licence: str
    ancestors: tuple[str, ...]
    augmented: bool = False


class PublishGate:
    """Checks samples one by one; a check that was not run refuses.

    An image must be approved itself. What it was painted into need not be read, but must not be rejected.

    Args:
        bank: Holds the samples.
        reviews: Knows what physicians decided, such as `ReviewStore(bank)`; None refuses everything.
        privacy: What `check_privacy` found for these samples; None refuses everything.
        ancestry: What the engines that made the samples descend from.
        licence: What the corpus shall bear, an SPDX identifier.
        augmented: Publish an *augmented* set: real backgrounds from openly licensed sources may pass.
        sources: Licence of each real source, by `real:<digest>`, that may pass then.

    Raises:
        SettingError: If a corpus cannot bear that licence.
    """

    def __init__(
        self,
        bank: SampleBank,
        *,
        reviews: Decisions | None,
        privacy: PrivacyReport | None,
        ancestry: Iterable[Ancestry],
        licence: str = "cc-by-4.0",
        augmented: bool = False,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.bank, self.licence, self.augmented = bank, check_target(licence), augmented
        self._reviews, self._privacy = reviews, privacy
        self._sources = dict(sources or {}) if augmented else {}
        self._licences = {one.engine: one.licences for one in ancestry}
        self._measured = {str(row["name"]) for row in privacy.rows} if privacy is not None else set()
        self._copies = set(privacy.copies) if privacy is not None else set()
        self._patients = PatientStore(bank)

    def check(self, digests: Iterable[str]) -> GateReport:
        """What of some samples may be published.

        Raises:
            BankUnreachableError: If the database or the store of pixels does not answer.
        """
        passed: list[str] = []
        refused: list[tuple[str, str]] = []
        ancestors: set[str] = set()
        for digest in dict.fromkeys(digests):
            chain = follow(self.bank, digest)
            reasons = list(dict.fromkeys(self._against(digest, chain)))
            if reasons:
                refused.append((digest, "; ".join(reasons)))
            else:
                passed.append(digest)
                ancestors |= {one.lower() for one in self._ancestors(chain)}
        return GateReport(
            passed=tuple(passed), refused=tuple(refused), licence=self.licence,
            ancestors=tuple(sorted(ancestors)), augmented=self.augmented,
        )  # fmt: skip

    def _against(self, digest: str, chain: Chain) -> Iterator[str]:
        """Everything that stands against a sample."""
        if chain.problem:
            yield chain.problem
            return
        yield from self._real_pixels(digest, chain)
        for sample in chain.samples:
            yield from _provenance_gaps(sample)
            if sample.request.engine not in self._licences:
                yield f"no ancestry is given of engine {sample.request.engine[:12]}, which made it"
        yield from clashes(self._ancestors(chain), self.licence)
        yield from self._private(digest)
        yield from self._approved(digest)
        for sample in chain.samples[1:]:
            if self._state(sample.digest) == "rejected":
                yield f"{sample.digest[:16]}, which it was painted into, is rejected"

    def _real_pixels(self, digest: str, chain: Chain) -> Iterator[str]:
        if chain.is_virtual:
            if self.bank.derived_from_real([one.digest for one in chain.samples]):
                yield "its record says that it derives from a real image"
            if self._patients.of_sample(digest) is None and not self.augmented:
                yield "it is an image of no virtual patient"
            if any(one.request.purpose != "patient" for one in chain.samples) and not self.augmented:
                yield "a sample of its chain was not made for a virtual patient"
        elif not self.augmented:
            yield "its background is a real image; only an augmented set may hold it, with a licence a source"
        elif chain.root not in self._sources:
            yield f"no licence is stated for its real source {chain.root[:21]}"

    def _ancestors(self, chain: Chain) -> set[str]:
        made_by = {sample.request.engine for sample in chain.samples}
        found = {one for engine in made_by for one in self._licences.get(engine, ())}
        return found | ({self._sources[chain.root]} if chain.root in self._sources else set())

    def _private(self, digest: str) -> Iterator[str]:
        if self._privacy is None or not self._privacy.ran:
            why = "" if self._privacy is None else f" ({self._privacy.reason})"
            yield f"the privacy check was not run{why}"
        elif digest in self._copies:
            yield "the privacy check calls it a copy of a training film"
        elif digest not in self._measured:
            yield "the privacy check was not run on it"

    def _approved(self, digest: str) -> Iterator[str]:
        state = self._state(digest)
        if state != "approved":
            yield f"its review is {state}, not approved"

    def _state(self, digest: str) -> str:
        try:
            return self._reviews.decision(digest).state if self._reviews is not None else "pending"
        except BankError as problem:
            return f"unknown ({problem})"


def _provenance_gaps(sample: SyntheticSample) -> Iterator[str]:
    wanted = PROVENANCE + (OF_WHOLE if sample.request.lesion is None else OF_LESION)
    absent = [name for name in wanted if sample.provenance.get(name) in (None, "")]
    if absent:
        yield f"the provenance of {sample.digest[:16]} does not say {', '.join(absent)}"
