"""Serve samples to a training loop: only what they changed, since the rest is in the source at hand."""

from sqlalchemy import bindparam, select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.edits import Edit, read_edit
from medsynth_aug.bank.lookups import file_of
from medsynth_aug.bank.schema import samples
from medsynth_aug.bank.store import FileStore

REMEMBERED = 50_000
"""Names of files that are kept in memory at most, so that a sample's second reading asks no database."""

_FILE = select(samples.c.digest, samples.c.file).where(
    samples.c.digest == bindparam("asked"), samples.c.source == bindparam("into")
)


class Edits:
    """The edits of stored samples.

    Args:
        database: The records.
        pixels: The files of the samples.
    """

    def __init__(self, database: Database, pixels: FileStore) -> None:
        self._database, self._pixels = database, pixels
        self._files: dict[str, str] = {}

    def get(self, digest: str, source: str) -> Edit | None:
        """What a stored sample changed in its source, its bytes checked against their digest.

        None where it cannot be read alone: a sample of another source, a whole image, a file of an older
        version, and whatever is missing or damaged, of which `SampleBank.get` then says what is wrong.

        Args:
            digest: The sample.
            source: Digest of its source, with its kind.
        """
        known = self._files.get(digest)
        edit = None if known is None else self._read(known, digest)
        return edit or self._looked_up(digest, source)

    def _looked_up(self, digest: str, source: str) -> Edit | None:
        with self._database.reading() as connection:
            row = connection.execute(_FILE, {"asked": digest, "into": source}).first()
        if row is None:
            return None
        if len(self._files) >= REMEMBERED:
            self._files.clear()
        self._files[digest] = file_of(row)
        return self._read(self._files[digest], digest)

    def _read(self, name: str, digest: str) -> Edit | None:
        file = self._pixels.open(name)
        if file is None:
            return None
        with file:
            return read_edit(file, digest)
