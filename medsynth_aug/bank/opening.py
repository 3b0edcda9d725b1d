"""Open all parts of a bank: its folder, its records, its pixels, and the copies beside them."""

from pathlib import Path
from typing import NamedTuple

from medsynth_aug.bank.consent import Consents, check_consent
from medsynth_aug.bank.database import Database
from medsynth_aug.bank.local import LocalCopies
from medsynth_aug.bank.places import Places, make_folder, remembered
from medsynth_aug.bank.store import FileStore


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
        BankError: If a part cannot be reached or made, or the bank lies elsewhere than asked.
        ConsentError: If a consent is needed and was never given.
    """
    make_folder(folder)
    places = remembered(folder, asked)
    database = Database(places.server(folder))
    check_consent(database, places, consents)
    local = LocalCopies(places.store(folder, "local", "sources"), places.store(folder, "local", "maps"))
    return Opened(places, database, places.store(folder, "pixels"), local)
