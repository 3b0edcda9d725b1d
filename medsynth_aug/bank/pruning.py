"""Take samples out of a bank by a rule, with what killed writers left and copies that nothing refers to."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from tqdm.auto import tqdm

from medsynth_aug.bank.acknowledging import erase
from medsynth_aug.bank.database import Database
from medsynth_aug.bank.local import LocalCopies
from medsynth_aug.bank.lookups import PREFIXES, chunks, file_of, held, part
from medsynth_aug.bank.references import references
from medsynth_aug.bank.schema import anatomies, assignments, events, patient_images, samples, verdicts
from medsynth_aug.bank.store import FileStore, every_file
from medsynth_aug.bank.verifying import ABANDONED_AFTER_S, leftovers
from medsynth_aug.errors import BankError, SettingError, UnknownLesionError
from medsynth_aug.lesions.catalogue import lesion_names


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRule:
    """What goes. A sample goes if all conditions given hold for it; if none is given, no sample goes.

    A sample into which another one is painted stays for as long as that one does. An image of a virtual
    patient stays, and so does what was given to a reader or read by one.

    Args:
        keep: Digests of samples that stay; all others may go.
        older_than_days: Only samples stored longer ago than this, at least 0.
        lesion: Only samples of this lesion.
        engines: Fingerprints of synthesizers whose samples stay.
        leftovers: Files without a record go too, an hour after they were written.
        unused: Copies of real sources, and maps, go too where no sample, refusal or wanted request refers to
            them, an hour after they were written. A plan that was not generated yet may still need them.

    Raises:
        SettingError: If an age is negative, or `keep` or `engines` is one text in place of a collection.
    """

    keep: Collection[str] | None = None
    older_than_days: float | None = None
    lesion: str | None = None
    engines: Collection[str] | None = None
    leftovers: bool = True
    unused: bool = False

    def __post_init__(self) -> None:
        if self.older_than_days is not None and not self.older_than_days >= 0:
            raise SettingError(f"older_than_days is {self.older_than_days}; it must be at least 0")
        for name in ("keep", "engines"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise SettingError(f"{name} is the text {given!r}; give a collection: {name}=[{given!r}]")

    @property
    def names_samples(self) -> bool:
        """True if a condition for samples is given."""
        given = (self.keep, self.older_than_days, self.lesion, self.engines)
        return any(each is not None for each in given)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go.

    Args:
        samples: Digests of samples.
        leftovers: Paths or URLs of files without a record.
        sources: Paths or URLs of copies of real sources.
        maps: Paths or URLs of maps.
        size: Bytes of all of them.
    """

    samples: tuple[str, ...]
    leftovers: tuple[str, ...]
    sources: tuple[str, ...]
    maps: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class _Doomed:
    store: FileStore
    name: str
    size: int


def prune(
    database: Database,
    pixels: FileStore,
    local: LocalCopies,
    rule: PruneRule,
    *,
    dry_run: bool,
    progress: bool,
) -> Pruned:
    """Remove what a rule says, records first, so that no record is ever without its file.

    Args:
        database: The records.
        pixels: The files of the samples.
        local: Copies of sources, and maps.
        rule: What goes.
        dry_run: Only tell what would go.
        progress: Show a progress bar on standard error.

    Raises:
        UnknownLesionError: If no such lesion is registered, nor in the bank.
        SettingError: If a sample to keep is not in the bank.
        BankError: If there are leftovers, but the records never knew a sample: they may be another bank's.
    """
    _check_names(database, rule)
    gone = {file.name[:64]: file for file in _samples(database, pixels, rule)}
    left = list(_leftovers(database, pixels)) if rule.leftovers else []
    if left and not _ever_knew_a_sample(database):
        raise BankError(
            f"{database.name} never knew a sample, so nobody knows whose {_places(left)[0]} is: if its "
            "records are gone, restore them from a backup; else prune with leftovers=False, or delete the "
            "file yourself"
        )
    sources, maps = _unused(database, local, gone) if rule.unused else ([], [])
    if not dry_run:
        for digests in chunks(gone):
            erase(database, digests)
        if rule.unused:
            _erase_anatomies(database)
        doomed = [*gone.values(), *left, *sources, *maps]
        for file in tqdm(doomed, desc="Removing", unit="file", disable=not progress):
            file.store.remove(file.name)
    size = sum(file.size for file in (*gone.values(), *left, *sources, *maps))
    return Pruned(tuple(gone), _places(left), _places(sources), _places(maps), size)


def _check_names(database: Database, rule: PruneRule) -> None:
    """Refuse names that nothing bears: of what was meant to stay, or to go, nothing would."""
    unknown = sorted(set(rule.keep or ()) - held(database, rule.keep or ()))
    if unknown:
        raise SettingError(
            f"the bank holds no sample of {len(unknown)} of the digests in keep, such as {unknown[0]!r}; "
            "correct them, or give bank.held(digests) to keep those that it holds"
        )
    if rule.lesion is None or rule.lesion in lesion_names():
        return
    with database.reading() as connection:
        stored = connection.execute(select(samples.c.lesion).distinct()).scalars().all()
    if rule.lesion not in stored:
        known = ", ".join(sorted({*lesion_names(), *stored}))
        raise UnknownLesionError(
            f"lesion {rule.lesion!r} is neither registered nor that of a sample in the bank; known: {known}"
        )


def _ever_knew_a_sample(database: Database) -> bool:
    """False if no sample was ever recorded here: what lies in the store may be another bank's then."""
    stored = select(events.c.id).where(events.c.kind == "sample").limit(1)
    with database.reading() as connection:
        return connection.execute(stored).first() is not None


def _places(files: list[_Doomed]) -> tuple[str, ...]:
    return tuple(file.store.place(file.name) for file in files)


def _samples(database: Database, pixels: FileStore, rule: PruneRule) -> list[_Doomed]:
    """The samples that go, without those into which one that stays is painted."""
    if not rule.names_samples:
        return []
    kept = frozenset(rule.keep or ())
    found = (file for prefix in PREFIXES for file in _named(database, pixels, rule, prefix))
    named = {file.name[:64]: file for file in found if file.name[:64] not in kept}
    for digest in _needed_above(database):
        named.pop(digest, None)
    query = select(samples.c.digest, samples.c.source).where(samples.c.source.startswith("sample:"))
    with database.reading() as connection:
        painted = {digest: source.removeprefix("sample:") for digest, source in connection.execute(query)}
    while stays := {source for digest, source in painted.items() if source in named and digest not in named}:
        for digest in stays:
            del named[digest]
    return list(named.values())


def _needed_above(database: Database) -> Iterator[str]:
    """Digests of samples that patients and reviews name."""
    with database.reading() as connection:
        for table in (patient_images, assignments, verdicts):
            yield from connection.execute(select(table.c.sample)).scalars()


def _named(database: Database, pixels: FileStore, rule: PruneRule, prefix: str) -> Iterator[_Doomed]:
    query = select(samples.c.digest, samples.c.file, samples.c.file_size).where(part(prefix))
    if rule.older_than_days is not None:
        query = query.where(samples.c.created_at < datetime.now(UTC) - timedelta(days=rule.older_than_days))
    if rule.lesion is not None:
        query = query.where(samples.c.lesion == rule.lesion)
    if rule.engines is not None:
        query = query.where(samples.c.request["engine"].as_string().not_in(list(rule.engines)))
    with database.reading() as connection:
        rows = connection.execute(query).all()
    return (_Doomed(pixels, file_of(row), row.file_size) for row in rows)


def _leftovers(database: Database, pixels: FileStore) -> Iterator[_Doomed]:
    for prefix in pixels.prefixes():
        with database.reading() as connection:
            rows = connection.execute(select(samples.c.digest, samples.c.file).where(part(prefix))).all()
        for name, size in leftovers(pixels, prefix, {file_of(row) for row in rows}):
            yield _Doomed(pixels, name, size)


def _unused(
    database: Database, local: LocalCopies, without: Collection[str]
) -> tuple[list[_Doomed], list[_Doomed]]:
    with database.reading() as connection:
        needed = references(connection, without)
    sources = (file for file in every_file(local.sources) if f"real:{file.name}" not in needed.sources)
    maps = (file for file in every_file(local.maps) if file.name not in needed.maps)
    found = [
        [_Doomed(store, f.name, f.size) for f in files if store.age_s(f.name) > ABANDONED_AFTER_S]
        for store, files in ((local.sources, sources), (local.maps, maps))
    ]
    return found[0], found[1]


def _erase_anatomies(database: Database) -> None:
    """Take away which map is the anatomy of a source, for sources that nothing refers to."""
    with database.reading() as connection:
        needed = references(connection, ()).sources
        known = set(connection.execute(select(anatomies.c.source)).scalars())
    for chunk in chunks(known - needed):
        gone = anatomies.delete().where(anatomies.c.source.in_(chunk))
        database.transact(lambda connection, gone=gone: connection.execute(gone))  # type: ignore[misc]
