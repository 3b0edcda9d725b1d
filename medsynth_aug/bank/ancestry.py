"""What a sample was painted into, link by link: where its chain ends, its lesions, and whose it is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import patient_images, samples
from medsynth_aug.synthesis.source import NO_SOURCE

MOST_LINKS = 64
"""Paintings on top of each other that are followed; a longer chain, or a cycle, ends nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """Where a sample comes from.

    Args:
        root: Source digest of the real image, or `sample:` and the digest of the whole image, that its chain
            begins with; "" where a link is missing.
        lesions: Lesions of the chain, the first painted first and its own last; shams and whole images add
            none.
        patient: The virtual patient whose image the root is; "" where none is recorded.
    """

    root: str
    lesions: tuple[str, ...] = ()
    patient: str = ""


def ancestries(database: Database, digests: Iterable[str]) -> dict[str, Ancestry]:
    """The ancestry of each sample that the bank holds."""
    query = select(samples.c.digest, samples.c.source, samples.c.lesion, samples.c.purpose)
    links = {digest: digest for digest in digests}
    lesions: dict[str, tuple[str, ...]] = dict.fromkeys(links, ())
    found = dict.fromkeys(links, Ancestry(root=""))
    for _ in range(MOST_LINKS):
        rows = {row.digest: row for row in among(database, query, samples.c.digest, set(links.values()))}
        above = {}
        for digest, link in links.items():
            row = rows.get(link)
            if row is None:
                continue
            if row.purpose != "sham" and row.source != NO_SOURCE:
                lesions[digest] = (row.lesion, *lesions[digest])
            if row.source.startswith("sample:"):
                above[digest] = row.source.removeprefix("sample:")
            else:
                root = f"sample:{link}" if row.source == NO_SOURCE else row.source
                found[digest] = Ancestry(root=root, lesions=lesions[digest])
        links = above
        if not links:
            break
    return _with_patients(database, found)


def _with_patients(database: Database, found: dict[str, Ancestry]) -> dict[str, Ancestry]:
    roots = {one.root.removeprefix("sample:") for one in found.values() if one.root.startswith("sample:")}
    query = select(patient_images.c.sample, patient_images.c.patient)
    known = {row.sample: row.patient for row in among(database, query, patient_images.c.sample, roots)}
    return {
        digest: replace(one, patient=known.get(one.root.removeprefix("sample:"), ""))
        for digest, one in found.items()
    }
