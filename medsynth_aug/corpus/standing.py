"""A patient as it stands: where an image was rejected, the approved one that was made in its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select

from medsynth_aug.bank.accepted import stand_ins
from medsynth_aug.bank.database import Database
from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import samples
from medsynth_aug.corpus.patient import VirtualPatient

PLACE = ("source", "purpose", "slot", "mask_digest", "anatomy_digest", "keep_mask_digest", "canvas")
"""What a request says of where and what it paints, beside the lesion's name."""


def as_they_stand(database: Database, patients: Sequence[VirtualPatient]) -> list[VirtualPatient]:
    """The patients, with an approved stand-in for each rejected image that has one.

    A stand-in shows the same finding at the same place, so that side, size, severity and the other visits
    stay true. A whole image gets one only where it is the patient's only image: two visits share their chest,
    and another draw of one of them would be another chest.

    Args:
        database: The bank's.
        patients: As they were recorded, at most a thousand.
    """
    repairable = [digest for patient in patients for digest in replaceable(patient)]
    found = {old: new for old, new in stand_ins(database, repairable).items() if old != new}
    rows = _rows(database, [*found, *found.values()])
    held = {old: new for old, new in found.items() if old in rows and new in rows}  # none was forgotten
    right = {old: rows[new] for old, new in held.items() if same_place(rows[old], rows[new])}
    return [_standing(patient, right) for patient in patients] if right else list(patients)


def replaceable(patient: VirtualPatient) -> list[str]:
    """Digests of the patient's shown samples that another one may stand in for."""
    return [one.sample for one in patient.images if len(one.chain) > 1 or len(patient.images) == 1]


def shown_first(database: Database, digest: str) -> str:
    """The sample that another one was made in place of, however often; the digest itself if in none's place.

    Args:
        database: The bank's.
        digest: Of the sample.
    """
    while True:
        row = _rows(database, [digest]).get(digest)
        if row is None or row.parent is None:
            return digest
        parent = _rows(database, [row.parent]).get(row.parent)
        if parent is None or not same_place(parent, row):
            return digest
        digest = row.parent


def same_place(first: Row[Any], second: Row[Any]) -> bool:
    """Whether two samples show the same finding at the same place of the same image."""
    return bool(first.lesion == second.lesion) and all(
        first.request.get(name) == second.request.get(name) for name in PLACE
    )


def _rows(database: Database, digests: Iterable[str]) -> dict[str, Row[Any]]:
    columns = samples.c.digest, samples.c.parent, samples.c.lesion, samples.c.request, samples.c.box
    return {row.digest: row for row in among(database, select(*columns), samples.c.digest, set(digests))}


def _standing(patient: VirtualPatient, stand_in: Mapping[str, Row[Any]]) -> VirtualPatient:
    """The patient with the links that were replaced."""
    images = tuple(
        replace(one, chain=(*one.chain[:-1], stand_in[one.sample].digest)) if one.sample in stand_in else one
        for one in patient.images
    )
    findings = tuple(
        replace(one, sample=stand_in[one.sample].digest, box=stand_in[one.sample].box)
        if one.sample in stand_in
        else one
        for one in patient.findings
    )
    return replace(patient, images=images, findings=findings)
