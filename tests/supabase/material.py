"""A bank with virtual patients that the fake synthesizer made, its readers, and a gate that measured them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.corpus import Ancestry, GateReport, PatientSettings, PatientStore, Population, PublishGate
from medsynth_aug.corpus import make_patients as make_some
from medsynth_aug.evaluation.privacy.report import PrivacyReport
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.review import Reason, Reviewer, ReviewStore, regenerate
from medsynth_aug.synthesis import FakeSynthesizer, SourceImage, SynthesisRequest, real_source

ENGINE = FakeSynthesizer()

SICK = Population(findings={"nodule": 0.5, "effusion": 0.5}, follow_up_share=0.5)
"""Everybody has a finding, some a follow-up."""

SIDE_PX = 64


def make_patients(
    bank: SampleBank, count: int, *, seed: int = 0, first: int = 0, population: Population = SICK
) -> list[str]:
    """Virtual patients from phantoms; returns the digests of the images that show them."""
    settings = PatientSettings(side_px=SIDE_PX, least_lung_dice=0)
    report = make_some(
        bank, ENGINE, population, count, seed=seed, first=first, settings=settings,
        sources=SourceStore(bank, _no_real_pixels), progress=False,
    )  # fmt: skip
    assert not report.left_out
    return [image.sample for patient in report.patients for image in patient.images]


def _no_real_pixels(digest: str) -> SourceImage:
    raise AssertionError(f"a real image was read: {digest}")


def images_of(bank: SampleBank) -> list[str]:
    """Digests of the images that show the bank's patients as they stand."""
    return [image.sample for patient in PatientStore(bank).all() for image in patient.images]


class Readers:
    """Two readers of a bank, of whom one is enough."""

    def __init__(self, bank: SampleBank) -> None:
        self.reviews = ReviewStore(bank)
        known = {one.name for one in self.reviews.reviewers}
        self.all: list[Reviewer] = [
            self.reviews.reviewer(name) if name in known else self.reviews.enrol(name)
            for name in ("Dr A", "Dr B")
        ]

    def approve(self, *digests: str) -> list[str]:
        """Approve samples; returns the ids of the verdicts."""
        return [self.reviews.record(one, self.all[0], "approve", plausibility=4).id for one in digests]

    def reject(self, *digests: str) -> list[str]:
        """Reject samples; returns the ids of the verdicts."""
        why = [Reason.ARTEFACT_OR_SEAM]
        return [self.reviews.record(one, self.all[0], "reject", reasons=why).id for one in digests]

    def revoke(self, *verdicts: str) -> None:
        """Take verdicts back."""
        for verdict in verdicts:
            self.reviews.revoke(verdict, "seen on a bad screen")

    def make_anew(self, digest: str) -> str:
        """Reject a sample and have another made in its place; returns the new one's digest."""
        self.reject(digest)
        return regenerate(self.reviews, ENGINE, progress=False).made[digest]


@dataclass
class MeasuredGate:
    """The publish gate, with a privacy check that found nothing but what a test says."""

    bank: SampleBank
    copies: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def check(self, digests: Iterable[str]) -> GateReport:
        wanted = list(digests)
        self.asked += wanted
        privacy = PrivacyReport(ran=True, rows=tuple({"name": one} for one in wanted), copies=self.copies)
        ancestry = [Ancestry(engine=ENGINE.fingerprint, licences=("apache-2.0",))]
        return PublishGate(
            self.bank, reviews=ReviewStore(self.bank), privacy=privacy, ancestry=ancestry
        ).check(wanted)


def painted_on_real(bank: SampleBank, count: int = 1, *, seed: int = 0) -> tuple[list[str], list[str]]:
    """Nodules painted into real images: digests of the samples, and of the real images."""
    chance, requests, sources = torch.Generator().manual_seed(seed), [], []
    for number in range(count):
        pixels = torch.randint(0, 200, (1, 96, 100), generator=chance).to(torch.uint8)
        source = real_source(pixels, spacing_mm=(2.5, 2.5))
        bank.put_source(source)
        sources.append(source.digest)
        requests.append(
            SynthesisRequest(
                source=source.digest, lesion=resolve_lesion("nodule"), engine=ENGINE.fingerprint, seed=seed,
                slot=f"planted/{number}",
            )
        )  # fmt: skip
    report = generate(requests, ENGINE, bank, SourceStore(bank), progress=False)
    assert not report.refused
    return [one.digest for one in requests], sources


def every_digest(bank: SampleBank, sources: Sequence[str] = ()) -> set[str]:
    """Every digest of a bank that must not leave: of requests, files, sources, masks and anatomies."""
    import sqlalchemy as sa

    from medsynth_aug.bank.schema import samples

    found = {one.removeprefix("real:") for one in sources}
    with bank.database.reading() as connection:
        for row in connection.execute(sa.select(samples)):
            request = row.request
            found |= {row.digest, row.file_digest, row.source.rpartition(":")[2], row.parent or row.digest}
            found |= {
                request[one] for one in ("mask_digest", "anatomy_digest", "keep_mask_digest") if request[one]
            }
    return {one for one in found if len(one) == 64}


def bank_at(folder: Path) -> SampleBank:
    """The bank of a folder."""
    return SampleBank(folder / "bank")
