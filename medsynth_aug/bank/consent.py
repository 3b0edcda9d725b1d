"""What derives from real patients leaves this machine only where the user said so, and the bank noted it."""

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, select

from medsynth_aug.bank.database import Database
from medsynth_aug.bank.places import Places
from medsynth_aug.bank.records import note_event
from medsynth_aug.bank.schema import events
from medsynth_aug.errors import ConsentError, SettingError

if TYPE_CHECKING:
    from medsynth_aug.bank.bank import SampleBank

_WHAT = {
    "real_records_may_leave": "digests of real images and what was painted into them",
    "real_pixels_may_leave": "pixels of painted real images and copies of real images",
}


class Consents(NamedTuple):
    """What the user consents to, by the names of the bank's arguments."""

    real_records_may_leave: bool = False
    real_pixels_may_leave: bool = False


def check_consent(database: Database, places: Places, given: Consents) -> None:
    """Check that each place outside this machine is consented to, and note a consent that is new.

    Args:
        database: The bank's, where consents stand among the events.
        places: Where records and pixels lie.
        given: What the user consents to now.

    Raises:
        ConsentError: If a consent is neither given nor noted.
    """
    shown = places.hidden
    if places.records_leave and shown.records:
        _check(database, "real_records_may_leave", shown.records, given.real_records_may_leave)
    if places.pixels_leave and shown.pixels:
        _check(database, "real_pixels_may_leave", shown.pixels, given.real_pixels_may_leave)


def _check(database: Database, name: str, place: str, given: bool) -> None:
    with database.reading() as connection:
        if _noted(connection, name, place):
            return
    if not given:
        raise ConsentError(
            f"{_WHAT[name]} would go to {place}, which may be outside this machine; if the patients' consent "
            f"and your rules allow it, pass {name}=True once (the bank notes it), else leave out that URL"
        )
    database.transact(lambda connection: _note(connection, name, place))


def note_consent(bank: "SampleBank", name: str, place: str) -> None:
    """Note that the user consents to something leaving for a place; again changes nothing.

    Args:
        bank: Whose records or pixels they are.
        name: `real_records_may_leave` or `real_pixels_may_leave`.
        place: Where to, for people to read.

    Raises:
        SettingError: If there is no consent of that name.
    """
    _check_name(name)
    bank.database.transact(lambda connection: _note(connection, name, place))


def has_consent(bank: "SampleBank", name: str, place: str) -> bool:
    """Whether the user has consented to something leaving for a place.

    Args:
        bank: Whose records or pixels they are.
        name: `real_records_may_leave` or `real_pixels_may_leave`.
        place: As it was noted.

    Raises:
        SettingError: If there is no consent of that name.
    """
    _check_name(name)
    with bank.database.reading() as connection:
        return _noted(connection, name, place)


def consents(connection: Connection) -> list[tuple[str, str]]:
    """Which consents were given, each with its place."""
    query = select(events.c.kind, events.c.subject).where(events.c.kind.in_(_WHAT)).order_by(events.c.id)
    return [(kind, place) for kind, place in connection.execute(query)]


def _check_name(name: str) -> None:
    if name not in _WHAT:
        raise SettingError(f"no consent is called {name!r}; choose from {', '.join(_WHAT)}")


def _noted(connection: Connection, name: str, place: str) -> bool:
    query = select(events.c.id).where(events.c.kind == name, events.c.subject == place)
    return connection.execute(query.limit(1)).first() is not None


def _note(connection: Connection, name: str, place: str) -> None:
    if not _noted(connection, name, place):
        note_event(connection, name, place)
