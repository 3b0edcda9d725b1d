"""Open all parts of a bank: its folder, its records, its pixels, and the copies beside them."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from medsynth_aug.bank.consent import Consents, check_consent
from medsynth_aug.bank.database import Database
from medsynth_aug.bank.local import LocalCopies
from medsynth_aug.bank.places import Places, make_folder, remembered
from medsynth_aug.bank.store import FileStore, every_file
from medsynth_aug.errors import BankError


class Opened(NamedTuple):
    """The parts of a bank."""

    places: Places
    database: Database
    pixels: FileStore
    local: LocalCopies


def open_places(folder: Path, asked: Places, consents: Consents) -> Opened:
    """The parts of the bank in `folder`; created if absent.

    Args:
        folder: The bank's own.
        asked: Where the user says that records and pixels lie.
        consents: What the user consents to now.

    Raises:
        BankError: If a part cannot be reached or made, the bank lies elsewhere than asked, or its records are
            gone while its pixels are there.
        ConsentError: If a consent is needed and was never given.
    """
    make_folder(folder)
    places = remembered(folder, asked)
    server = places.server(folder)
    check = partial(_refuse_to_begin_over_pixels, server.name, places, folder)
    database = Database(server, before_creation=check)
    check_consent(database, places, consents)
    local = LocalCopies(places.store(folder, "local", "sources"), places.store(folder, "local", "maps"))
    return Opened(places, database, places.store(folder, "pixels"), local)


def _refuse_to_begin_over_pixels(records: str, places: Places, folder: Path) -> None:
    """Check that new records would be those of a new bank, whose pixels always come after them."""
    if next(every_file(places.store(folder, "pixels")), None) is not None:
        where = f"{(places.pixels or str(folder)).rstrip('/')}/pixels"
        raise BankError(
            f"{where} holds samples, but {records} has no records: they are gone, or in another database; "
            f"restore that database from a backup, name the right one with records=, or move {where} away to "
            "start anew"
        )
