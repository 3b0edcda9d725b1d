"""The store of samples: pixels in files by digest, records in a database, for many processes."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, func, select
from torch import Tensor

from medsynth_aug.bank import lookups
from medsynth_aug.bank.acknowledging import acknowledge, erase, write_refusal
from medsynth_aug.bank.consent import Consents
from medsynth_aug.bank.database import Database, upsert
from medsynth_aug.bank.info import BankInfo, describe
from medsynth_aug.bank.opening import open_places
from medsynth_aug.bank.packing import pack_sample
from medsynth_aug.bank.places import Places
from medsynth_aug.bank.pruning import Pruned, PruneRule, prune
from medsynth_aug.bank.records import refusal_of, refusal_record, sample_of, sample_record
from medsynth_aug.bank.schema import anatomies, refusals, samples
from medsynth_aug.bank.serving import Edits
from medsynth_aug.bank.tracing import trace
from medsynth_aug.bank.verifying import checked, verify
from medsynth_aug.bank.wanted import Wanted
from medsynth_aug.errors import BankError, BankUnreachableError, DamagedSampleError
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.source import SourceImage


class SampleBank:
    """Samples by the digest of their request. Many processes may read and write one bank.

    A sample's pixels are written first and its record last: the record is the acknowledgement, and the
    first pixels that were acknowledged stay. The object pickles as where it lies and opens its database anew
    in each process, after a fork too; a password in `records` travels with it, one in PGPASSWORD does not.

    Args:
        path: Folder of the bank on a local disk; created if absent. A bank remembers there where it lies.
        records: SQLAlchemy URL of the records, `postgresql+psycopg://...`; by default SQLite in the folder.
        pixels: fsspec URL of the pixels, `s3://bucket/folder`, with the copies of sources and the maps beside
            them; by default the folder. Credentials and endpoint come from fsspec's configuration.
        real_records_may_leave: Consent that records of painted real images go to another machine. Needed once
            for PostgreSQL that is not reached by a Unix socket; noted in the bank.
        real_pixels_may_leave: The same for pixels; needed once for a URL other than `file:` and `memory:`.

    Raises:
        BankReadOnlyError: If the folder cannot be made or written.
        BankFullError: If the disk is full.
        BankUnreachableError: If the database server or, of a new bank, the store of pixels does not answer.
        BankError: If `path` is a file, SQLite would lie on a network, the bank lies elsewhere than asked, a
            newer version wrote it, or its records are gone while its pixels are there.
        ConsentError: If a consent is needed and was never given.
        SettingError: If a URL is none, or of a database that a bank cannot use.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        records: str | None = None,
        pixels: str | None = None,
        real_records_may_leave: bool = False,
        real_pixels_may_leave: bool = False,
    ) -> None:
        self.path = Path(path).absolute()
        self._consents = Consents(real_records_may_leave, real_pixels_may_leave)
        opened = open_places(self.path, Places(records, pixels), self._consents)
        self._places, self._database, self._pixels, self._local = opened
        self.wanted = Wanted(self._database)
        self.edits = Edits(self._database, self._pixels)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (str(self.path), self._places.records, self._places.pixels, self._consents)

    def __repr__(self) -> str:
        hidden = self._places.hidden
        given = {"records": hidden.records, "pixels": hidden.pixels}
        named = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
        return f"SampleBank({str(self.path)!r}{named})"

    def __contains__(self, digest: object) -> bool:
        return self._row(select(samples.c.digest).where(samples.c.digest == digest)) is not None

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(samples)).scalar_one()

    def add(self, sample: SyntheticSample) -> None:
        """Store a sample; it is safe once this returns. A digest that is held already stays as it is.

        Raises:
            BankFullError: If the disk is full; the bank is as it was before.
            BankReadOnlyError: If the bank cannot be written.
            BankUnreachableError: If the database or the store of pixels does not answer.
            SettingError: If the sample's provenance or timings are not plain JSON.
        """
        if sample.digest in self:
            return
        data = pack_sample(sample)
        file = f"{sample.digest}.{secrets.token_hex(4)}"  # nobody else's, so it may be removed without a look
        record = sample_record(sample, data) | {"file": file}
        self._pixels.write(file, data)
        try:
            stored = acknowledge(self._database, sample.request, record)
        except BankUnreachableError:
            raise  # the record may have been stored all the same
        except BankError:
            self._pixels.remove(file)
            raise
        if not stored:
            self._pixels.remove(file)

    def refuse(self, refusal: Refusal) -> None:
        """Write down that a request could not be met; nothing changes if it has a sample or a refusal."""
        write_refusal(self._database, refusal_record(refusal))

    def forget(self, digest: str) -> None:
        """Remove a sample, record and pixels, so that it can be made anew; no error if there is none."""
        row = self._row(select(samples.c.digest, samples.c.file).where(samples.c.digest == digest))
        if row is not None:
            erase(self._database, [digest])
            self._pixels.remove(lookups.file_of(row))

    def get(self, digest: str) -> SyntheticSample:
        """The stored sample, its bytes checked against its record.

        Raises:
            BankError: If the bank holds no such sample.
            DamagedSampleError: If the file is missing or not what was stored; names it.
        """
        row = self._row(select(samples).where(samples.c.digest == digest))
        if row is None:
            raise BankError(f"no sample {digest} in {self.path}; make it with generate([...]) first")
        try:
            return sample_of(row, checked(row, self._pixels))
        except DamagedSampleError:
            again = self._row(select(samples.c.file).where(samples.c.digest == digest))
            if again is not None and again.file != row.file:
                return self.get(digest)  # it was forgotten and made anew meanwhile
            raise

    def refusal(self, digest: str) -> Refusal | None:
        """Why a request was refused, or None if it was not."""
        row = self._row(select(refusals).where(refusals.c.digest == digest))
        return None if row is None else refusal_of(row)

    def held(self, digests: Iterable[str]) -> set[str]:
        """Those of many digests that have a sample."""
        return lookups.held(self._database, digests)

    def refusals(self, digests: Iterable[str]) -> dict[str, Refusal]:
        """Why those of many requests that were refused were refused, by their digest."""
        return {row.digest: refusal_of(row) for row in lookups.refused(self._database, digests)}

    def digests(self, *, lesion: str | None = None, purpose: str | None = None) -> list[str]:
        """Digests of the stored samples, sorted; of one lesion or purpose where given."""
        return list(self.iter_digests(lesion=lesion, purpose=purpose))

    def iter_digests(self, *, lesion: str | None = None, purpose: str | None = None) -> Iterator[str]:
        """The same, a few thousand at a time; a sample that is added meanwhile may be left out."""
        return lookups.walk(self._database, lesion=lesion, purpose=purpose)

    def derived_from_real(self, digests: Iterable[str]) -> set[str]:
        """Those of many samples whose chain of sources reaches a real image, or is not known."""
        return lookups.derived_from_real(self._database, digests)

    def resolve(self, request: SynthesisRequest, *, max_attempts: int = 3) -> str | None:
        """Digest of the stored sample of a request or, where it was refused, of one of its next attempts.

        Args:
            request: What was asked.
            max_attempts: Attempts in all, this one included.

        Returns:
            The digest, or None if the request is outstanding or given up.
        """
        state = trace(self, request, max_attempts)
        return state if isinstance(state, str) else None

    def put_source(self, source: SourceImage) -> None:
        """Keep a local copy of a real source; it is never published or synced.

        Raises:
            SourceChangedError: If the pixels are not those of the digest.
            BankError: If it is not a `real:` source (samples are stored with `add`).
        """
        self._local.put_source(source)

    def source(self, digest: str) -> SourceImage | None:
        """The bank's copy of a real source by its `real:<digest>`, or None if it has none.

        Raises:
            DamagedSampleError: If the copy is not what was stored; names the file.
        """
        return self._local.source(digest)

    def put_anatomy(self, source: str, model: str, anatomy: Tensor) -> None:
        """Keep the anatomy that a model found in a source; the first one stays.

        Args:
            source: Digest of the source, with its kind.
            model: Fingerprint of what found it.
            anatomy: `(2, H, W)` bool.
        """
        digest = self.put_map(anatomy)
        row = {"source": source, "model": model, "map": digest, "created_at": datetime.now(UTC)}
        self._database.transact(
            lambda connection: connection.execute(
                upsert(connection, anatomies).values(**row).on_conflict_do_nothing()
            )
        )

    def anatomy(self, source: str, model: str) -> Tensor | None:
        """The stored anatomy of a source by that model, or None.

        Raises:
            DamagedSampleError: If its file is missing or not what was stored; names it.
        """
        row = self._row(select(anatomies).where(anatomies.c.source == source, anatomies.c.model == model))
        return None if row is None else self._local.map(row.map, recorded=True)

    def put_map(self, map_: Tensor) -> str:
        """Keep a mask, anatomy or keep-mask; returns its digest, as requests name it."""
        return self._local.put_map(map_)

    def map(self, digest: str) -> Tensor:
        """The stored map of that digest.

        Raises:
            BankError: If the bank holds no such map.
            DamagedSampleError: If the file is not what was stored, or missing though recorded; names it.
        """
        return self._local.map(digest)

    def verify(self, *, progress: bool = False) -> list[BankError]:
        """Read everything; one error, not raised, for each file that is damaged, missing or stray.

        Stray is what no record names for an hour: a writer was killed between pixels and record.
        """
        return list(verify(self._database, self._pixels, self._local, progress=progress))

    def prune(self, rule: PruneRule, *, dry_run: bool = False, progress: bool = False) -> Pruned:
        """Remove the samples of a rule, what killed writers left, and copies that nothing refers to.

        Args:
            rule: What goes.
            dry_run: Only tell what would go.
            progress: Show a progress bar on standard error.

        Raises:
            SettingError: If the rule names a lesion, or a sample to keep, that the bank does not know.
            BankError: If the bank cannot be written, or never knew a sample; what was not removed is intact.
        """
        return prune(self._database, self._pixels, self._local, rule, dry_run=dry_run, progress=progress)

    def export(
        self, target: str | Path, *, digests: Iterable[str] | None = None, progress: bool = False
    ) -> Path:
        """Write samples as a folder of images, masks and tables, whole or not at all; returns the folder.

        What derives from a real patient is marked in the table and in `NOTICE.txt`.

        Args:
            target: The folder; it must not exist.
            digests: Which samples; all of them by default.
            progress: Show a progress bar on standard error.

        Raises:
            SettingError: If the folder exists.
            BankError: If the bank lacks one of the samples.
            DamagedSampleError: If stored pixels are not what was stored.
            BankFullError: If the disk is full.
        """
        from medsynth_aug.bank.exporting import export  # image codecs, which reading a bank does not need

        return export(self, Path(target).absolute(), digests=digests, progress=progress)

    @property
    def database(self) -> Database:
        """The records, for rooms above that keep tables of their own in them."""
        return self._database

    def info(self) -> BankInfo:
        """What the bank holds, counted, and where it lies."""
        return describe(self._database, self._places.hidden, self.path)

    def close(self) -> None:
        """Close this process's connections; the next use opens them again."""
        self._database.close()

    def _row(self, query: Select[Any]) -> Row[Any] | None:
        with self._database.reading() as connection:
            return connection.execute(query).first()


def _reopen(path: str, records: str | None, pixels: str | None, consents: Consents) -> SampleBank:
    return SampleBank(path, records=records, pixels=pixels, **consents._asdict())
