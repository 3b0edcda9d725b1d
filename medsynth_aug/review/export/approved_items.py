"""Which approved samples belong to a training split: their patient, their label, or why they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.accepted import APPROVED
from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import samples
from medsynth_aug.synthesis.source import NO_SOURCE

MOST_LINKS = 64
"""Paintings on top of each other that are followed; a longer chain, or a cycle, ends nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedItem:
    """An approved sample that goes into the training set.

    Args:
        digest: The sample.
        lesion: Name of its lesion.
        index: Item of the training split that it was painted into; None for a virtual image.
        patient: Patient of that item; for a virtual image one of its own.
    """

    digest: str
    lesion: str
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
    ends = _ends(bank, rows)
    taken, left_out = [], {}
    for row in rows:
        end = ends[row.digest]
        reason = _reason(row, end, lesions, sources)
        if reason is not None:
            left_out[row.digest] = reason
            continue
        index = sources.get(end)
        patient = f"virtual-{end.partition(':')[2][:12]}" if index is None else patients[index]
        taken.append(ApprovedItem(digest=row.digest, lesion=row.lesion, index=index, patient=patient))
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


def _ends(bank: SampleBank, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Where the chain of sources of each sample ends: a real source, a whole image, or "" where unknown."""
    ends: dict[str, str] = {}
    climbing = {row.digest: (row.digest, row.source) for row in rows}
    for _ in range(MOST_LINKS):
        for digest, (above, source) in list(climbing.items()):
            if not source.startswith("sample:"):
                ends[digest] = f"sample:{above}" if source == NO_SOURCE else source
                del climbing[digest]
        if not climbing:
            break
        wanted = {source.removeprefix("sample:") for _, source in climbing.values()}
        query = select(samples.c.digest, samples.c.source)
        known = {row.digest: row.source for row in among(bank.database, query, samples.c.digest, wanted)}
        climbing = {
            digest: (above, known[above])
            for digest, above in ((d, s.removeprefix("sample:")) for d, (_, s) in climbing.items())
            if above in known
        }
    return {row.digest: ends.get(row.digest, "") for row in rows}
