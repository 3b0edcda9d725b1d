"""Which approved samples belong to a training split: their patient, their label, or why they do not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.accepted import APPROVED, REJECTED
from medsynth_aug.bank.ancestry import Ancestry, Painting, ancestries
from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import samples
from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.synthesis.source import NO_SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedItem:
    """An approved sample that goes into the training set.

    Args:
        digest: The sample.
        paintings: The lesions that it shows, the first painted first; none in a healthy image.
        index: Item of the training split that it was painted into; None for a virtual image.
        patient: Patient of that item, or the virtual patient; a virtual image of no recorded patient has one
            of its own.
    """

    digest: str
    paintings: tuple[Painting, ...]
    index: int | None
    patient: str

    @property
    def lesions(self) -> tuple[str, ...]:
        """Names of its lesions."""
        return tuple(one.lesion for one in self.paintings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a training set can hold.

    Args:
        classes: Class or column of each lesion, by its name.
        one_class: Whether an image has one class, so that it can show lesions of one only.
        healthy: Whether images without a lesion have a class.
        sources: Digest of each image of the training split -> its index.
        patients: Patient of each of its items.
    """

    classes: Mapping[str, ClassKey]
    one_class: bool
    healthy: bool
    sources: Mapping[str, int]
    patients: Sequence[str]


def approved_items(bank: SampleBank, wanted: Wanted) -> tuple[list[ApprovedItem], dict[str, str]]:
    """The approved samples that the training set can hold, and why the other approved ones are left out.

    Of samples that were painted into each other only the last goes in: the set shows an image once, with all
    of its lesions.
    """
    query: Select[Any] = select(samples.c.digest, samples.c.purpose, samples.c.source)
    with bank.database.reading() as connection:
        rows = connection.execute(
            query.where(samples.c.acceptance == APPROVED).order_by(samples.c.digest)
        ).all()
    known = ancestries(bank.database, [row.digest for row in rows])
    rejected = _rejected(bank, {link for one in known.values() for link in one.links})
    found = {row.digest: _reason(row, known[row.digest], wanted, rejected) for row in rows}
    left_out = {digest: reason for digest, reason in found.items() if reason is not None}
    fit = [digest for digest in found if digest not in left_out]
    painted_over = {link: digest for digest in fit for link in known[digest].links}
    for digest in fit:
        if digest in painted_over:
            left_out[digest] = "a further lesion was painted into it, and that image is in the set"
    taken = [_item(digest, known[digest], wanted) for digest in fit if digest not in painted_over]
    return taken, left_out


def _rejected(bank: SampleBank, digests: Iterable[str]) -> set[str]:
    query = select(samples.c.digest).where(samples.c.acceptance == REJECTED)
    return {row.digest for row in among(bank.database, query, samples.c.digest, digests)}


def _item(digest: str, ancestry: Ancestry, wanted: Wanted) -> ApprovedItem:
    index = wanted.sources.get(ancestry.root)
    own = ancestry.patient or f"virtual-{ancestry.root.partition(':')[2][:12]}"
    patient = own if index is None else wanted.patients[index]
    return ApprovedItem(digest=digest, paintings=ancestry.paintings, index=index, patient=patient)


def _reason(row: Row[Any], ancestry: Ancestry, wanted: Wanted, rejected: set[str]) -> str | None:
    """Why a sample is left out, or None."""
    if row.purpose == "sham":
        return "a sham has no lesion, and its film is in the set already"
    if row.source == NO_SOURCE and not wanted.healthy:
        return "it shows no lesion, and no class is named for healthy images"
    unnamed = sorted(set(ancestry.lesions) - set(wanted.classes))
    if unnamed:
        return f"no class is named for {', '.join(unnamed)}"
    if wanted.one_class and len({wanted.classes[lesion] for lesion in ancestry.lesions}) > 1:
        return f"it shows {' and '.join(sorted(set(ancestry.lesions)))}, and an image has one class here"
    if rejected.intersection(ancestry.links):
        return "what it was painted into was rejected"
    if not ancestry.root:
        return "what it was painted into is not known"
    if ancestry.root.startswith("real:") and ancestry.root not in wanted.sources:
        return "it was painted into an image outside the training split"
    return None
