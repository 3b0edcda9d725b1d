"""What a bank holds, counted by its database alone, and where it lies."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Integer, cast, func, select

from medsynth_aug.bank.consent import consents
from medsynth_aug.bank.database import Database
from medsynth_aug.bank.places import Places
from medsynth_aug.bank.schema import refusals, samples, wanted


@dataclass(frozen=True, slots=True)
class BankInfo:
    """A bank in figures.

    Args:
        records: Where its records lie, without a password.
        pixels: Where its pixels lie.
        samples: How many samples it holds, by lesion and purpose.
        virtual: How many of them have no real pixel.
        size: Bytes of their pixels.
        refusals: How many requests were refused.
        wanted: How many requests wait in its queue.
        consents: Which consents were given, each with its place.
    """

    records: str
    pixels: str
    samples: dict[tuple[str, str], int]
    virtual: int
    size: int
    refusals: int
    wanted: int
    consents: tuple[tuple[str, str], ...]


def describe(database: Database, places: Places, folder: Path) -> BankInfo:
    """Count what a bank holds.

    Args:
        database: Its records.
        places: Where it lies, without a password.
        folder: The bank's own.
    """
    kind = (samples.c.lesion, samples.c.purpose)
    kinds = select(
        *kind, func.count(), func.sum(cast(samples.c.virtual, Integer)), func.sum(samples.c.file_size)
    ).group_by(*kind)
    with database.reading() as connection:
        rows = connection.execute(kinds.order_by(*kind)).all()
        return BankInfo(
            records=database.name,
            pixels=places.pixels or str(folder / "pixels"),
            samples={(lesion, purpose): count for lesion, purpose, count, _, _ in rows},
            virtual=sum(int(virtual) for *_, virtual, _ in rows),
            size=sum(int(size) for *_, size in rows),
            refusals=connection.execute(select(func.count()).select_from(refusals)).scalar_one(),
            wanted=connection.execute(select(func.count()).select_from(wanted)).scalar_one(),
            consents=tuple(consents(connection)),
        )
