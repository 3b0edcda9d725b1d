"""What a sample was painted into, link by link: where its chain ends, its lesions, and whose it is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import patient_images, samples
from medsynth_aug.synthesis.source import NO_SOURCE

MOST_LINKS = 64
"""Paintings on top of each other that are followed; a longer chain, or a cycle, ends nowhere."""


class Painting(NamedTuple):
    """A lesion that a chain holds.

    Args:
        digest: The sample whose mask is the lesion's.
        lesion: Its name.
    """

    digest: str
    lesion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """Where a sample comes from.

    Args:
        root: Source digest of the real image, or `sample:` and the digest of the whole image, that its chain
            begins with; "" where a link is missing.
        paintings: Lesions of the chain, the first painted first and its own last; shams and whole images add
            none.
        links: Digests of the samples that it was painted into, the nearest first.
        patient: The virtual patient whose image the root is; "" where none is recorded.
    """

    root: str
    paintings: tuple[Painting, ...] = ()
    links: tuple[str, ...] = ()
    patient: str = ""

    @property
    def lesions(self) -> tuple[str, ...]:
        """Names of its lesions, the first painted first."""
        return tuple(one.lesion for one in self.paintings)


def ancestries(database: Database, digests: Iterable[str]) -> dict[str, Ancestry]:
    """The ancestry of each sample that the bank holds."""
    query = select(samples.c.digest, samples.c.source, samples.c.lesion, samples.c.purpose)
    current = {digest: digest for digest in digests}
    found = dict.fromkeys(current, Ancestry(root=""))
    for _ in range(MOST_LINKS):
        rows = {row.digest: row for row in among(database, query, samples.c.digest, set(current.values()))}
        above = {}
        for digest, link in current.items():
            row, one = rows.get(link), found[digest]
            if row is None:
                continue
            if row.purpose != "sham" and row.source != NO_SOURCE:
                one = replace(one, paintings=(Painting(row.digest, row.lesion), *one.paintings))
            if row.source.startswith("sample:"):
                above[digest] = row.source.removeprefix("sample:")
                one = replace(one, links=(*one.links, above[digest]))
            else:
                one = replace(one, root=f"sample:{link}" if row.source == NO_SOURCE else row.source)
            found[digest] = one
        current = above
        if not current:
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
