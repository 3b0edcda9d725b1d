"""Which approved samples belong to a training split: their patient, their label, or why they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.accepted import APPROVED
from medsynth_aug.bank.ancestry import ancestries
from medsynth_aug.bank.schema import samples


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedItem:
    """An approved sample that goes into the training set.

    Args:
        digest: The sample.
        lesion: Name of its lesion.
        before: Lesions that the image it was painted into held already, the first painted first.
        index: Item of the training split that it was painted into; None for a virtual image.
        patient: Patient of that item, or the virtual patient; a virtual image of no recorded patient has one
            of its own.
    """

    digest: str
    lesion: str
    before: tuple[str, ...]
    index: int | None
    patient: str


def approved_items(
    bank: SampleBank, lesions: Sequence[str], sources: Mapping[str, int], patients: Sequence[str]
) -> tuple[list[ApprovedItem], dict[str, str]]:
    """The approved samples of these lesions, and why the other approved ones are left out.

    Args:
        bank: Holds them.
        lesions: Names of the lesions that have a class.
        sources: Digest of each image of the training split -> its index.
        patients: Patient of each of its items.
    """
    query: Select[Any] = select(samples.c.digest, samples.c.lesion, samples.c.purpose, samples.c.source)
    with bank.database.reading() as connection:
        rows = connection.execute(
            query.where(samples.c.acceptance == APPROVED).order_by(samples.c.digest)
        ).all()
    known = ancestries(bank.database, [row.digest for row in rows])
    taken, left_out = [], {}
    for row in rows:
        ancestry = known[row.digest]
        reason = _reason(row, ancestry.root, lesions, sources)
        if reason is not None:
            left_out[row.digest] = reason
            continue
        index = sources.get(ancestry.root)
        own = ancestry.patient or f"virtual-{ancestry.root.partition(':')[2][:12]}"
        taken.append(
            ApprovedItem(
                digest=row.digest,
                lesion=row.lesion,
                before=ancestry.lesions[:-1],
                index=index,
                patient=own if index is None else patients[index],
            )
        )
    return taken, left_out


def _reason(row: Row[Any], end: str, lesions: Sequence[str], sources: Mapping[str, int]) -> str | None:
    """Why a sample is left out, or None."""
    if row.purpose == "sham":
        return "a sham has no lesion, and its film is in the set already"
    if row.lesion not in lesions:
        return f"no class is named for {row.lesion}"
    if not end:
        return "what it was painted into is not known"
    if end.startswith("real:") and end not in sources:
        return "it was painted into an image outside the training split"
    return None
