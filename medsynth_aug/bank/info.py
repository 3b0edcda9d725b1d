"""What a bank holds, counted by its database alone, and where it lies."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

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
    kinds = select(samples.c.lesion, samples.c.purpose, func.count()).group_by(
        samples.c.lesion, samples.c.purpose
    )
    sums = select(func.coalesce(func.sum(samples.c.file_size), 0))
    with database.reading() as connection:
        counted = {(lesion, purpose): count for lesion, purpose, count in connection.execute(kinds)}
        virtual = select(func.count()).select_from(samples).where(samples.c.virtual)
        return BankInfo(
            records=database.name,
            pixels=places.pixels or str(folder / "pixels"),
            samples=dict(sorted(counted.items())),
            virtual=connection.execute(virtual).scalar_one(),
            size=int(connection.execute(sums).scalar_one()),
            refusals=connection.execute(select(func.count()).select_from(refusals)).scalar_one(),
            wanted=connection.execute(select(func.count()).select_from(wanted)).scalar_one(),
            consents=tuple(consents(connection)),
        )
