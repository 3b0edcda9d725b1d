"""The readers of a bank: enrolled once, told apart by a global id, retired but never removed."""

import unicodedata
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.records import as_utc, note_event
from medsynth_aug.bank.schema import reviewers
from medsynth_aug.errors import SettingError
from medsynth_aug.review.verdict import Reviewer


def enrol(database: Database, name: str, *, senior: bool, id: str | None = None) -> Reviewer:
    """Enrol a reader under a name that nobody has.

    Args:
        database: The bank's.
        name: Unique in the bank, whatever the case of its letters.
        senior: Whether this reader may settle what others disagree on.
        id: Global id of somebody who reviews elsewhere too; by default a new one.

    Raises:
        SettingError: If the name is empty or holds a control character, or name or id are taken, or the id
            is none.
    """
    name = " ".join(name.split())
    if not name:
        raise SettingError("the reviewer has no name; give one")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise SettingError(f"the name {name!r} holds a character that cannot be shown; leave it out")
    identity = str(uuid.uuid4()) if id is None else _identity(id)
    person = Reviewer(id=identity, name=name, senior=senior, enrolled_at=datetime.now(UTC))

    def write(connection: Connection) -> None:
        database.alone(connection, "reviewers")
        enrolled = connection.execute(select(reviewers)).all()
        taken = next((one for one in enrolled if one.id == person.id or _alike(one.name, name)), None)
        if taken is not None and (taken.id, as_utc(taken.enrolled_at)) == (person.id, person.enrolled_at):
            return  # a first try had counted after all
        if taken is not None and _alike(taken.name, name):
            raise SettingError(f"a reviewer {taken.name!r} is enrolled already; choose another name")
        if taken is not None:
            raise SettingError(f"{taken.name!r} is enrolled under the id {person.id} already")
        row = {"id": person.id, "name": name, "senior": senior, "enrolled_at": person.enrolled_at}
        connection.execute(reviewers.insert().values(**row))
        note_event(connection, "reviewer", person.id)

    database.transact(write)
    return person


def _identity(given: str) -> str:
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise SettingError(f"{given!r} is no id of a reader; it is a UUID such as {uuid.uuid4()}") from None


def _alike(name: str, other: str) -> bool:
    """Whether two names differ at most in case or Unicode form; SQLite's `lower` knows ASCII only."""
    one, two = (unicodedata.normalize("NFC", each).casefold() for each in (name, other))
    return one == two


def retire(database: Database, person: Reviewer) -> Reviewer:
    """Take no more verdicts from a reader; nothing changes if that is so already."""
    at = datetime.now(UTC)
    retiring = update(reviewers).where(reviewers.c.id == person.id, reviewers.c.retired_at.is_(None))

    def write(connection: Connection) -> None:
        if connection.execute(retiring.values(retired_at=at)).rowcount:
            note_event(connection, "reviewer", person.id)

    database.transact(write)
    return person if person.retired_at else replace(person, retired_at=at)


def everybody(database: Database) -> tuple[Reviewer, ...]:
    """All readers, retired ones too, by name."""
    with database.reading() as connection:
        rows = connection.execute(select(reviewers).order_by(reviewers.c.name)).all()
    return tuple(map(reviewer_of, rows))


def named(database: Database, name: str) -> Reviewer:
    """The reader of that name or id.

    Raises:
        SettingError: If there is none, or several differ from it in case alone.
    """
    name = " ".join(name.split())
    enrolled = everybody(database)
    exact = [one for one in enrolled if name in (one.id, one.name)]
    found = exact or [one for one in enrolled if _alike(one.name, name)]
    if not found:
        known = ", ".join(one.name for one in enrolled) or "nobody"
        raise SettingError(f"no reviewer {name!r} is enrolled, only {known}; enrol them first")
    if len(found) > 1:
        names = " or ".join(one.name for one in found)
        raise SettingError(f"{name!r} may be {names}; write the name as it was enrolled, or the id")
    return found[0]


def seniors(connection: Connection) -> set[str]:
    """Ids of the senior readers."""
    return set(connection.execute(select(reviewers.c.id).where(reviewers.c.senior)).scalars())


def check_active(connection: Connection, identity: str) -> None:
    """Check that a reader may give a verdict.

    Raises:
        SettingError: If the reader is not enrolled, or retired.
    """
    row = connection.execute(select(reviewers).where(reviewers.c.id == identity)).first()
    if row is None:
        raise SettingError(f"no reviewer has the id {identity}; enrol them first")
    if row.retired_at is not None:
        raise SettingError(f"{row.name} has retired and gives no more verdicts; enrol another reviewer")


def reviewer_of(row: Row[Any]) -> Reviewer:
    """The reader of a row."""
    return Reviewer(
        id=row.id, name=row.name, senior=row.senior, enrolled_at=as_utc(row.enrolled_at),
        retired_at=None if row.retired_at is None else as_utc(row.retired_at),
    )  # fmt: skip
