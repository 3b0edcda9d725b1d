"""What the bank at hand knows of samples that a project tells by name, of readers and of verdicts."""

from collections.abc import Iterable, Mapping

from sqlalchemy import func, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.lookups import among
from medsynth_aug.bank.schema import events, revocations, samples, verdicts
from medsynth_aug.review import Reviewer, ReviewStore
from medsynth_supabase.project.naming import Names


class Here:
    """Finds what the bank holds by the names of a project; a name is computed once a process.

    Args:
        bank: The bank.
        names: Of the project.
    """

    def __init__(self, bank: SampleBank, names: Names) -> None:
        self.bank, self._names = bank, names
        self._digests = dict[str, str]()
        self._named = set[str]()

    def digests(self, wanted: Iterable[str]) -> dict[str, str]:
        """The samples that names stand for, by name; without those that the bank does not hold."""
        asked = set(wanted)
        if not asked <= self._digests.keys():
            for digest in self.bank.iter_digests():
                if digest not in self._named:
                    self._named.add(digest)
                    self._digests[self._names.sample(digest)] = digest
        return {name: self._digests[name] for name in asked if name in self._digests}

    def pixels(self, digests: Iterable[str]) -> dict[str, str]:
        """SHA-256 of the pixels that are stored now, by sample; without those that are not held."""
        query = select(samples.c.digest, samples.c.file_digest)
        found = among(self.bank.database, query, samples.c.digest, digests)
        return {row.digest: row.file_digest for row in found}

    def name_of_pixels(self, file_digest: str) -> str:
        """The project's name of stored pixels."""
        return self._names.pixels(file_digest)

    def readers(self) -> Mapping[str, Reviewer]:
        """All readers that are enrolled here, by id."""
        return {one.id: one for one in ReviewStore(self.bank).reviewers}

    def authors(self, ids: Iterable[str]) -> dict[str, str]:
        """Ids of the readers of those of the verdicts that are here, by verdict."""
        query = select(verdicts.c.id, verdicts.c.reviewer)
        return {row.id: row.reviewer for row in among(self.bank.database, query, verdicts.c.id, ids)}

    def revoked(self, ids: Iterable[str]) -> set[str]:
        """Those of the verdicts that were taken back already."""
        query = select(revocations.c.verdict)
        return {row.verdict for row in among(self.bank.database, query, revocations.c.verdict, ids)}

    def events(self) -> tuple[int, int]:
        """Number of the newest event and how many there are: the same as long as nothing happened."""
        with self.bank.database.reading() as connection:
            row = connection.execute(select(func.max(events.c.id), func.count()).select_from(events)).one()
        return row[0] or 0, row[1]
