"""The publish gate for what a checkpoint made: ancestry, privacy and reviews are looked up, not handed in."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus.gate import GateReport, PublishGate
from medsynth_aug.corpus.licences import Ancestry, ancestry_of, check_target
from medsynth_aug.corpus.privacy import check_privacy
from medsynth_aug.errors import CheckpointError
from medsynth_aug.evaluation.privacy.baseline import baseline_of_rows
from medsynth_aug.evaluation.privacy.report import PrivacyReport
from medsynth_aug.review import ReviewStore

if TYPE_CHECKING:
    from medsynth_aug.diffusion import LesionSynthesizer
    from medsynth_aug.diffusion.training_index import TrainingIndex

SEED = 0
"""Draws the training films that stand for real ones."""


class Gatekeeper:
    """A gate that stays: the checkpoint is loaded once, and an image's nearness is measured once.

    Args:
        bank: Holds samples and reviews.
        checkpoint: What made the images: "starter", a diffusers folder or a Hub id.
        device: Where they were made; the fingerprint of an engine depends on it.
        licence: What the corpus shall bear, an SPDX identifier.
        progress: Show progress bars on standard error.

    Raises:
        SettingError: If a corpus cannot bear that licence.
    """

    def __init__(
        self, bank: SampleBank, *, checkpoint: str = "starter", device: str = "auto",
        licence: str = "cc-by-4.0", progress: bool = True,
    ) -> None:  # fmt: skip
        self.bank, self.licence = bank, check_target(licence)
        self.reviews = ReviewStore(bank)
        self._checkpoint, self._device, self._progress = checkpoint, device, progress
        self._privacy: PrivacyReport | None = None
        self._index: TrainingIndex | None = None

    @cached_property
    def engine(self) -> "LesionSynthesizer":
        """The checkpoint, loaded.

        Raises:
            CheckpointError: If it is damaged.
        """
        from medsynth_aug.diffusion import LesionSynthesizer  # diffusers, which a corpus needs only here

        return LesionSynthesizer.from_pretrained(self._checkpoint, device=self._device)

    @cached_property
    def ancestry(self) -> Ancestry:
        """What the images descend from."""
        return ancestry_of(self.engine)

    @property
    def index(self) -> "TrainingIndex | None":
        """What the checkpoint was trained on; None where it does not say, and it is looked for again then.

        Raises:
            CheckpointError: If it is damaged.
        """
        from medsynth_aug.diffusion.training_index import read_index

        if self._index is None:
            self._index = read_index(self.engine.checkpoint.folder)
        return self._index

    def warm(self) -> None:
        """Load the checkpoint and compare its training films, for which the first check would else wait.

        Raises:
            CheckpointError: If the checkpoint or its training index is damaged, or it has no index: nothing
                that it made passes then.
        """
        self.ancestry  # noqa: B018 - kept from now on
        if self.index is None:
            raise CheckpointError(
                f"{self.engine.checkpoint.folder} carries no training index, so nobody can say what it has "
                "seen and nothing that it made passes; put the index of its training there, or get it anew"
            )
        baseline_of_rows(self.index, seed=SEED)

    def privacy(self, digests: Iterable[str]) -> PrivacyReport:
        """How near approved images of some come to what the checkpoint was trained on.

        Args:
            digests: Those that are not approved are left out: they cannot pass in any case.

        Raises:
            CheckpointError: If the checkpoint's training index is damaged.
        """
        decisions = self.reviews.decisions(digests)
        approved = sorted(digest for digest, one in decisions.items() if one.state == "approved")
        return check_privacy(self.bank, approved, index=self.index, seed=SEED, progress=self._progress)

    def check(self, digests: Iterable[str]) -> GateReport:
        """What of some samples may be published; measures those that were not measured before.

        Raises:
            CheckpointError: If the checkpoint or its training index is damaged.
            BankUnreachableError: If the database or the store of pixels does not answer.
        """
        asked = list(dict.fromkeys(digests))
        known = set() if self._privacy is None else {str(row["name"]) for row in self._privacy.rows}
        new = [digest for digest in asked if digest not in known]
        if new:
            self._privacy = _joined(self._privacy, self.privacy(new))
        return self.gate(self._privacy).check(asked)

    def gate(self, privacy: PrivacyReport | None) -> PublishGate:
        """The gate that knows what was measured."""
        return PublishGate(
            self.bank, reviews=self.reviews, privacy=privacy, ancestry=[self.ancestry], licence=self.licence
        )


def _joined(before: PrivacyReport | None, after: PrivacyReport) -> PrivacyReport:
    """Both reports' rows and copies, as far as the gate reads them; figures are those of the last run."""
    if before is None or not before.ran:
        return after
    if not after.ran:
        return before
    return replace(after, rows=(*before.rows, *after.rows), copies=(*before.copies, *after.copies))
