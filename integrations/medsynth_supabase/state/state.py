"""What a bank's machine knows of a project: which events are delivered, and what the project was told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.exc import DBAPIError

from medsynth_aug.bank.lookups import chunks
from medsynth_aug.errors import SyncError
from medsynth_supabase.state.frontier import Frontier, Gap
from medsynth_supabase.state.subject import SAMPLE, Subject
from medsynth_supabase.state.tables import SCHEMA, moment, notes, open_file, put_note, subjects, touch

WISHES = ("for_review", "reviews", "runs")
"""What a project may hold beside what is approved."""

OF_ORIGIN = ("frontier", "head", "adopted", "options", "taken_back_until")
"""Notes that are about what one bank told the project."""


class SyncState:
    """The state of one project beside a bank, in a file of its own; many processes may use it.

    It holds no key, and may be deleted: the next push then looks at everything again and changes nothing that
    is right already.

    Args:
        folder: Of the bank.
        project: Id of the project.

    Raises:
        SyncError: If the file cannot be used, or another version wrote it.
    """

    def __init__(self, folder: Path, project: str) -> None:
        self.file = folder / "sync" / f"{project}.sqlite"
        self.lock_file = self.file.with_suffix(".lock")
        with self._problems():
            self._engine = open_file(self.file)
        if self.note("schema", SCHEMA) != SCHEMA:
            raise SyncError(
                f"{self.file} was written by another version; delete it, and the next sync looks at all anew"
            )
        self.set_note("schema", SCHEMA)

    @property
    def engine(self) -> Engine:
        """The file's, for tables of others beside the state's own."""
        return self._engine

    @property
    def wishes(self) -> dict[str, bool]:
        """What the project shall hold beside what is approved, by the names of the sync's options."""
        return dict.fromkeys(WISHES, False) | self.note("wishes", {})

    def wish(self, asked: Mapping[str, bool | None]) -> None:
        """Write down what the project shall hold from now on; None leaves it as it was said the last time."""
        said = {name: one for name, one in asked.items() if one is not None}
        if said:
            self.set_note("wishes", self.wishes | said)

    def belong(self, origin: str) -> None:
        """Begin anew where what is known was told by another bank, or by this one under another id.

        What was called a copy of a training film stays known, and so does what was asked for.

        Args:
            origin: Id of the bank.
        """
        if self.note("origin") == origin:
            return
        with self._writing() as connection:
            connection.execute(subjects.delete())
            connection.execute(notes.delete().where(notes.c.name.in_(OF_ORIGIN)))
            connection.execute(put_note("origin", origin))

    @property
    def frontier(self) -> Frontier:
        """How far the bank's events are known."""
        held = self.note("frontier", {"top": 0, "gaps": []})
        return Frontier(top=held["top"], gaps=tuple(Gap(**one) for one in held["gaps"]))

    def follow(self, frontier: Frontier, met: Mapping[tuple[str, str], int]) -> None:
        """Write down a frontier, with the last event on each subject that was met on the way to it.

        Args:
            frontier: The new one.
            met: Number of the last event by kind and subject.
        """
        held = {"top": frontier.top, "gaps": [asdict(gap) for gap in frontier.gaps]}
        with self._writing() as connection:
            touch(connection, met)
            connection.execute(put_note("frontier", held))

    def touch(self, met: Mapping[tuple[str, str], int]) -> None:
        """Have subjects looked at again, each under the number of an event."""
        with self._writing() as connection:
            touch(connection, met)

    def again(self, kind: str, which: Iterable[str]) -> None:
        """Have known subjects looked at again under the numbers that they have."""
        with self._writing() as connection:
            for chunk in chunks(which):
                own = subjects.c.kind == kind, subjects.c.subject.in_(chunk)
                connection.execute(update(subjects).where(*own).values(delivered=0))

    def again_all(self, kind: str) -> None:
        """Have every known subject of a kind looked at again."""
        with self._writing() as connection:
            connection.execute(update(subjects).where(subjects.c.kind == kind).values(delivered=0))

    def lost(self, kind: str, which: Iterable[str]) -> None:
        """Have subjects told anew whose objects are no longer there."""
        with self._writing() as connection:
            for chunk in chunks(which):
                own = subjects.c.kind == kind, subjects.c.subject.in_(chunk)
                values = {"delivered": 0, "objects_event": 0, "sha256": None}
                connection.execute(update(subjects).where(*own).values(**values))

    def adopt(self, kind: str, held: Mapping[str, tuple[str, int]]) -> None:
        """Take over what the project says it was told by this bank, where the state does not know of it.

        Args:
            kind: Of the subjects.
            held: State and event number by subject.
        """
        with self._writing() as connection:
            for subject, (told, number) in held.items():
                own = subjects.c.kind == kind, subjects.c.subject == subject, subjects.c.told.is_(None)
                values = {"told": told, "told_event": number, "objects_event": number, "unsure": True}
                connection.execute(update(subjects).where(*own).values(**values, delivered=0))

    def outstanding(self, kind: str) -> list[Subject]:
        """Subjects with an event that is not delivered: first those that never failed, oldest event first."""
        query = select(subjects).where(subjects.c.kind == kind, subjects.c.event > subjects.c.delivered)
        return self._read(query.order_by(subjects.c.tries, subjects.c.event, subjects.c.subject))

    def of(self, kind: str, which: Iterable[str]) -> dict[str, Subject]:
        """What is known of some subjects; those that are not known are left out."""
        found: dict[str, Subject] = {}
        for chunk in chunks(which):
            query = select(subjects).where(subjects.c.kind == kind, subjects.c.subject.in_(chunk))
            found |= {one.subject: one for one in self._read(query)}
        return found

    def all(self, kind: str) -> list[Subject]:
        """All known subjects of a kind."""
        return self._read(select(subjects).where(subjects.c.kind == kind))

    def of_patients(self, patients: Iterable[str]) -> list[Subject]:
        """All samples that are known to show one of some virtual patients."""
        return [
            one
            for chunk in chunks(patients)
            for one in self._read(select(subjects).where(subjects.c.patient.in_(chunk)))
        ]

    def told(self, kind: str, *states: str) -> list[Subject]:
        """The subjects of which the project was told one of some states."""
        return self._read(select(subjects).where(subjects.c.kind == kind, subjects.c.told.in_(states)))

    def aside(self) -> list[Subject]:
        """The subjects that are set aside, with their problems."""
        return self._read(select(subjects).where(subjects.c.problem.is_not(None)))

    def shows(self, patients: Mapping[str, str]) -> None:
        """Write down which virtual patient each of some samples shows."""
        with self._writing() as connection:
            for digest, patient in patients.items():
                own = subjects.c.kind == SAMPLE, subjects.c.subject == digest
                connection.execute(update(subjects).where(*own).values(patient=patient))

    def telling(self, subject: Subject) -> None:
        """Write down what is about to be told, so that a later process knows of it whatever happens.

        Args:
            subject: With `told`, `told_event`, `pixels` and `objects_event` as they will be.
        """
        names = "told", "told_event", "pixels", "objects_event", "sha256"
        self._change(subject, {name: getattr(subject, name) for name in names} | {"unsure": True})

    def deliver(self, subject: Subject, *, answer: str | None = None) -> None:
        """Mark the events on a subject, as far as it was read, as delivered.

        Args:
            subject: As it is now, with the event that was read before the work on it.
            answer: What the project answered; None if it was not asked.
        """
        values: dict[str, Any] = {"delivered": subject.event, "problem": None, "tries": 0, "at": moment()}
        if answer is not None:
            held = {"objects_event": subject.objects_event, "sha256": subject.sha256}
            values |= held | {"answer": answer, "unsure": False}
        self._change(subject, values)

    def set_aside(self, subject: Subject, problem: str) -> None:
        """Write down why a subject cannot be delivered; the next push looks at it again."""
        values = {"problem": problem, "tries": subject.tries + 1, "delivered": 0, "at": moment()}
        self._change(subject, values)

    def failed(self, subject: Subject) -> None:
        """Count a try that broke off; others come first at the next push."""
        self._change(subject, {"tries": subject.tries + 1, "at": moment()})

    def held_as(self, subject: Subject, told: str | None, event: int) -> None:
        """Write down what the project is sure to hold from this bank, after it refused something else.

        Args:
            subject: Which.
            told: What it was told last, None if nothing.
            event: Under which number.
        """
        if subject.told == told and subject.told_event == event and not subject.unsure:
            names = "told", "told_event", "pixels", "objects_event", "sha256", "unsure"
            self._change(subject, {name: getattr(subject, name) for name in names})
            return
        values = {"told": told, "told_event": event, "objects_event": 0, "sha256": None, "pixels": None}
        self._change(subject, values | {"unsure": False})

    def note(self, name: str, default: Any = None) -> Any:
        """A value that was written down under a name."""
        with self._problems(), self._engine.connect() as connection:
            row = connection.execute(select(notes.c.value).where(notes.c.name == name)).first()
        return default if row is None else row.value

    def set_note(self, name: str, value: Any) -> None:
        """Write a value down under a name; it must be plain JSON."""
        with self._writing() as connection:
            connection.execute(put_note(name, value))

    def count(self) -> dict[str, int]:
        """How many subjects of each kind are outstanding."""
        query = (
            select(subjects.c.kind, func.count())
            .where(subjects.c.event > subjects.c.delivered)
            .group_by(subjects.c.kind)
        )
        with self._problems(), self._engine.connect() as connection:
            return {kind: number for kind, number in connection.execute(query)}

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._engine.dispose()

    def _change(self, subject: Subject, values: Mapping[str, Any]) -> None:
        own = subjects.c.kind == subject.kind, subjects.c.subject == subject.subject
        with self._writing() as connection:
            connection.execute(update(subjects).where(*own).values(**values))

    def _read(self, query: Any) -> list[Subject]:
        with self._problems(), self._engine.connect() as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        names = Subject.__dataclass_fields__
        return [Subject(**{name: getattr(row, name) for name in names}) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._problems(), self._engine.connect() as connection:
            connection.execution_options(immediate=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, OSError) as problem:
            said = problem.orig if isinstance(problem, DBAPIError) else problem
            raise SyncError(
                f"{self.file} cannot be used ({said}); make room or mend its rights, or delete it: the next "
                "sync then looks at all anew"
            ) from problem
