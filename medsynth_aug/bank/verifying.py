"""Read everything that a bank holds, a part at a time, and name each file that is not as it should be."""

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from tqdm.auto import tqdm

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.local import LocalCopies
from medsynth_aug.bank.lookups import PREFIXES, file_of, part
from medsynth_aug.bank.references import references
from medsynth_aug.bank.schema import anatomies, samples, wanted
from medsynth_aug.bank.store import FileStore
from medsynth_aug.errors import BankError, DamagedSampleError, StrayFileError

ABANDONED_AFTER_S = 3600.0
"""How old a file without a record is at least, before it counts as left behind; its writer may be at work."""


def verify(
    database: Database, pixels: FileStore, local: LocalCopies, *, progress: bool
) -> Iterator[BankError]:
    """One error, not raised, for each file that is damaged, missing, or named by no record for an hour.

    Copies of sources, and maps, that a request in the queue needs are among them: a producer has no others.

    Args:
        database: The records.
        pixels: The files of the samples.
        local: Copies of sources, and maps.
        progress: Show a progress bar on standard error.
    """
    with database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(samples)).scalar_one()
        recorded = set(connection.execute(select(anatomies.c.map)).scalars())
        queued = references(connection, tables=(wanted,))
    needed = {source for source in queued.sources if source.startswith("real:")}
    with tqdm(total=count, desc="Verifying", unit="file", disable=not progress) as bar:
        present = set(pixels.prefixes())
        for prefix in PREFIXES:
            yield from _samples(database, pixels, prefix, prefix in present, bar)
        for damage in local.verify(needed_sources=needed, recorded_maps=recorded | queued.maps):
            bar.update()
            if damage is not None:
                yield damage


def checked(row: Any, pixels: FileStore) -> bytes:
    """The packed pixels of a sample's row.

    Raises:
        DamagedSampleError: If the file is missing or not what was stored; names it.
    """
    place = pixels.place(file_of(row))
    way_out = f"restore it from a backup, or bank.forget({row.digest!r}) and generate it again"
    data = pixels.read(file_of(row))
    if data is None:
        raise DamagedSampleError(f"{place} is missing; {way_out}")
    if hashlib.sha256(data).hexdigest() != row.file_digest:
        raise DamagedSampleError(f"{place} is damaged: its SHA-256 is not that of its record; {way_out}")
    return data


def leftovers(pixels: FileStore, prefix: str, recorded: set[str]) -> Iterator[tuple[str, int]]:
    """Name and size of each file that no record names, and that is too old to be somebody's work."""
    for file in pixels.files(prefix):
        if file.name not in recorded and pixels.age_s(file.name) > ABANDONED_AFTER_S:
            yield file.name, file.size


def _samples(
    database: Database, pixels: FileStore, prefix: str, present: bool, bar: Any
) -> Iterator[BankError]:
    query = select(samples.c.digest, samples.c.file, samples.c.file_digest).where(part(prefix))
    with database.reading() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        bar.update()
        try:
            checked(row, pixels)
        except DamagedSampleError as damage:
            if _still_there(database, row.digest):
                yield damage
    for name, _ in leftovers(pixels, prefix, {file_of(row) for row in rows}) if present else ():
        yield StrayFileError(
            f"{pixels.place(name)} is a stray file: no record names it, its writer ended too early; "
            "bank.prune(PruneRule()) removes it"
        )


def _still_there(database: Database, digest: str) -> bool:
    with database.reading() as connection:
        return (
            connection.execute(select(samples.c.digest).where(samples.c.digest == digest)).first() is not None
        )
