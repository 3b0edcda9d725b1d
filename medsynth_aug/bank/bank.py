"""The store of samples: pixels in files by digest, records in a database, for many processes."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, func, select
from torch import Tensor

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.failures import failures_named
from medsynth_aug.bank.files import DigestFiles
from medsynth_aug.bank.local import LocalCopies
from medsynth_aug.bank.network import MOUNTS, network_filesystem
from medsynth_aug.bank.packing import pack_sample
from medsynth_aug.bank.records import (
    is_virtual,
    note_event,
    refusal_of,
    refusal_record,
    sample_of,
    sample_record,
)
from medsynth_aug.bank.schema import anatomies, refusals, samples
from medsynth_aug.bank.tracing import trace
from medsynth_aug.bank.wanted import Wanted, no_longer_wanted
from medsynth_aug.errors import BankError, BankReadOnlyError, DamagedSampleError
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.source import SourceImage


class SampleBank:
    """Samples by the digest of their request. Many processes may read and write one bank.

    A sample's pixels are written first and its record last: the record is the acknowledgement, and the
    first pixels that were acknowledged stay. The object pickles as its path and opens its database anew in
    each process, after a fork too.

    Args:
        path: Folder of the bank on a local disk; created if absent.

    Raises:
        BankReadOnlyError: If the folder cannot be made or written.
        BankFullError: If the disk is full.
        BankError: If `path` is a file or lies on a network, or a newer version wrote the bank.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        _make_folder(self.path)
        self._database = Database(self.path / "bank.sqlite")
        self._pixels = DigestFiles(self.path / "pixels")
        self._local = LocalCopies(self.path / "local")
        self.wanted = Wanted(self._database)

    def __reduce__(self) -> tuple[type["SampleBank"], tuple[str]]:
        return SampleBank, (str(self.path),)

    def __repr__(self) -> str:
        return f"SampleBank({str(self.path)!r})"

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
            SettingError: If the sample's provenance or timings are not plain JSON.
        """
        if sample.digest in self:
            return
        data = pack_sample(sample)
        record = sample_record(sample, data)
        aside = self._pixels.write_aside(sample.digest, data)
        try:
            self._acknowledge(sample.request, record, aside)
        finally:
            aside.unlink(missing_ok=True)

    def _acknowledge(self, request: SynthesisRequest, record: dict[str, Any], aside: Path) -> None:
        held = select(samples.c.digest).where(samples.c.digest == record["digest"])
        with self._database.writing() as connection:
            if connection.execute(held).first() is not None:
                return  # another writer was first: its pixels stay
            self._pixels.publish(aside, record["digest"])
            virtual = is_virtual(connection, request)
            connection.execute(samples.insert().values(**record, virtual=virtual))
            connection.execute(refusals.delete().where(refusals.c.digest == record["digest"]))
            no_longer_wanted(connection, record["digest"])
            note_event(connection, "sample", record["digest"])

    def refuse(self, refusal: Refusal) -> None:
        """Write down that a request could not be met; nothing changes if it has a sample or a refusal."""
        digest = refusal.request.digest
        with self._database.writing() as connection:
            for table in (samples, refusals):
                if connection.execute(select(table.c.digest).where(table.c.digest == digest)).first():
                    return
            connection.execute(refusals.insert().values(**refusal_record(refusal)))
            no_longer_wanted(connection, digest)
            note_event(connection, "refusal", digest)

    def forget(self, digest: str) -> None:
        """Remove a sample, record and pixels, so that it can be made anew; no error if there is none."""
        with self._database.writing() as connection:
            if connection.execute(samples.delete().where(samples.c.digest == digest)).rowcount:
                self._pixels.path(digest).unlink(missing_ok=True)
                note_event(connection, "forgotten", digest)

    def get(self, digest: str) -> SyntheticSample:
        """The stored sample, its bytes checked against its record.

        Raises:
            BankError: If the bank holds no such sample.
            DamagedSampleError: If the file is missing or not what was stored; names it.
        """
        row = self._row(select(samples).where(samples.c.digest == digest))
        if row is None:
            raise BankError(f"no sample {digest} in {self.path}; make it with generate([...]) first")
        path = self._pixels.path(digest)
        way_out = f"restore it from a backup, or bank.forget({digest!r}) and generate it again"
        data = self._pixels.read(digest)
        if data is None:
            raise DamagedSampleError(f"{path} is missing; {way_out}")
        if hashlib.sha256(data).hexdigest() != row.file_digest:
            raise DamagedSampleError(f"{path} is damaged: its SHA-256 is not that of its record; {way_out}")
        return sample_of(row, data)

    def refusal(self, digest: str) -> Refusal | None:
        """Why a request was refused, or None if it was not."""
        row = self._row(select(refusals).where(refusals.c.digest == digest))
        return None if row is None else refusal_of(row)

    def digests(self, *, lesion: str | None = None, purpose: str | None = None) -> list[str]:
        """Digests of the stored samples, sorted; of one lesion or purpose where given."""
        query = select(samples.c.digest).order_by(samples.c.digest)
        for column, value in ((samples.c.lesion, lesion), (samples.c.purpose, purpose)):
            query = query if value is None else query.where(column == value)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

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
        with self._database.writing() as connection:
            if connection.execute(_anatomy(source, model)).first() is None:
                connection.execute(anatomies.insert().values(**row))

    def anatomy(self, source: str, model: str) -> Tensor | None:
        """The stored anatomy of a source by that model, or None.

        Raises:
            DamagedSampleError: If its file is missing or not what was stored; names it.
        """
        row = self._row(_anatomy(source, model))
        return None if row is None else self._local.map(row.map, recorded=True)

    def put_map(self, map_: Tensor) -> str:
        """Keep a mask, anatomy or keep-mask; returns its digest, as requests name it."""
        return self._local.put_map(map_)

    def map(self, digest: str) -> Tensor:
        """The stored map of that digest.

        Raises:
            BankError: If the bank holds no such map.
            DamagedSampleError: If the file is not what was stored; names it.
        """
        return self._local.map(digest)

    def verify(self) -> list[DamagedSampleError]:
        """Read everything; one error, not raised, for each file that is damaged or missing."""
        found = []
        for digest in self.digests():
            try:
                self.get(digest)
            except DamagedSampleError as damage:
                found.append(damage)
        with self._database.reading() as connection:
            recorded = connection.execute(select(anatomies.c.map)).scalars().all()
        return found + list(self._local.verify(recorded))

    def close(self) -> None:
        """Close this process's connections; the next use opens them again."""
        self._database.close()

    def _row(self, query: Select[Any]) -> Row[Any] | None:
        with self._database.reading() as connection:
            return connection.execute(query).first()


def _anatomy(source: str, model: str) -> Select[Any]:
    return select(anatomies).where(anatomies.c.source == source, anatomies.c.model == model)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as problem:
        raise BankError(
            f"{path} is or lies in a file; a bank needs a folder: choose another path"
        ) from problem
    except (FileNotFoundError, PermissionError) as problem:
        raise BankReadOnlyError(
            f"{path} cannot be made ({problem.strerror}); choose another folder"
        ) from problem
    except OSError:
        with failures_named(path):
            raise
    kind = network_filesystem(path, MOUNTS)
    if kind is not None:
        raise BankError(
            f"{path} lies on a network file system ({kind}), where SQLite loses data; "
            "put the bank on a local disk"
        )
