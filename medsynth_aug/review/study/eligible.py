"""Which images of a bank a study can show: those that somebody would see, and that one diagnosis fits."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, not_, or_, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.accepted import REJECTED
from medsynth_aug.bank.ancestry import ancestries
from medsynth_aug.bank.lookups import filtered, painted_over
from medsynth_aug.bank.schema import samples


@dataclass(frozen=True, slots=True)
class Eligible:
    """Images that a study can show.

    Args:
        of_lesion: Digests by lesion; `"none"` names whole images without one.
        several: How many were left out because they show lesions of several kinds.
    """

    of_lesion: dict[str, list[str]]
    several: int


def eligible_images(bank: SampleBank, *, purpose: str | None = None, virtual: bool = False) -> Eligible:
    """The images of a bank that a study can show.

    Left out are shams, rejected images, images that a further lesion was painted into, which nobody sees
    without it, and images with lesions of several kinds, which no one diagnosis fits.

    Args:
        bank: The bank.
        purpose: Only samples of this purpose.
        virtual: Only samples in which no pixel is real.
    """
    query: Select[Any] = filtered(select(samples.c.digest, samples.c.lesion), None, purpose).where(
        samples.c.purpose != "sham",
        or_(samples.c.acceptance.is_(None), samples.c.acceptance != REJECTED),
        not_(painted_over()),
    )
    if virtual:
        query = query.where(samples.c.virtual)
    with bank.database.reading() as connection:
        rows = connection.execute(query.order_by(samples.c.digest)).all()
    known, found, several = ancestries(bank.database, [row.digest for row in rows]), dict[str, list[str]](), 0
    for row in rows:
        if len(set(known[row.digest].lesions)) > 1:
            several += 1
        else:
            found.setdefault(row.lesion, []).append(row.digest)
    return Eligible(found, several)
