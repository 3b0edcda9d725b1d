"""Whom a sample shows: it is an image of a virtual patient, or was made in place of one and awaits review."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import samples
from medsynth_aug.corpus import Finding, PatientImage, PatientStore, VirtualPatient
from medsynth_aug.corpus.standing import replaceable, shown_first
from medsynth_aug.types import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A sample as an image of a virtual patient.

    Args:
        patient: Whom it shows.
        image: The image; its last sample is the one in question.
        findings: What it shows.
        stands: False for a sample that was made in place of an image and does not stand there yet.
    """

    patient: VirtualPatient
    image: PatientImage
    findings: tuple[Finding, ...]
    stands: bool


def shown_by(bank: SampleBank, digest: str) -> Shown | None:
    """Whom a sample shows, or None: a link of a chain and a replaced image show nobody.

    Args:
        bank: Holds the sample.
        digest: Of the sample.
    """
    store = PatientStore(bank)
    owner = store.of_sample(digest)
    if owner is None:
        return None
    patient = store.get(owner)
    for image in patient.images:
        if image.sample == digest:
            findings = patient.findings_of(image.visit)
            return Shown(patient=patient, image=image, findings=findings, stands=True)
    first = shown_first(bank.database, digest)
    return None if first == digest else _in_place(bank, store.as_recorded(owner), first, digest)


def _in_place(bank: SampleBank, patient: VirtualPatient, first: str, digest: str) -> Shown | None:
    """The patient with a sample in place of the one that was shown first."""
    if first not in replaceable(patient):
        return None
    with bank.database.reading() as connection:
        box = connection.execute(select(samples.c.box).where(samples.c.digest == digest)).scalar()
    image = next(one for one in patient.images if one.sample == first)
    findings = tuple(
        replace(one, sample=digest, box=Box(*box)) if one.sample == first and box else one
        for one in patient.findings_of(image.visit)
    )
    return Shown(
        patient=patient,
        image=replace(image, chain=(*image.chain[:-1], digest)),
        findings=findings,
        stands=False,
    )
