"""Where a bank keeps its records and its pixels: in its folder, or where the user says."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from medsynth_aug.bank.database import Server
from medsynth_aug.bank.failures import failures_named
from medsynth_aug.bank.files import DigestFiles
from medsynth_aug.bank.network import MOUNTS, network_filesystem
from medsynth_aug.bank.objects import DigestObjects
from medsynth_aug.bank.postgres import PostgresServer
from medsynth_aug.bank.sqlite import SqliteServer
from medsynth_aug.bank.store import FileStore
from medsynth_aug.errors import BankError, BankReadOnlyError, SettingError

REMEMBERED = "places.json"
"""File in a bank's folder that says where the rest of the bank lies; no password stands in it."""

_STAYING = {"file", "local", "memory"}


@dataclass(frozen=True, slots=True)
class Places:
    """Records and pixels of one bank.

    Args:
        records: SQLAlchemy URL of a SQLite or PostgreSQL database, or None for SQLite in the folder.
        pixels: fsspec URL, or None for the folder.

    Raises:
        SettingError: If one is not a URL, or of a database that a bank cannot use.
    """

    records: str | None = None
    pixels: str | None = None

    def __post_init__(self) -> None:
        if self.records is not None:
            _database_url(self.records)
        if self.pixels is not None and "://" not in self.pixels:
            raise SettingError(
                f"pixels is {self.pixels!r}; write a URL such as s3://bucket/folder or file:///data/bank"
            )

    @property
    def hidden(self) -> "Places":
        """The same places without a password."""
        return Places(None if self.records is None else without_password(self.records), self.pixels)

    def server(self, folder: Path) -> Server:
        """The database of a bank in `folder`.

        Raises:
            BankError: If it is SQLite on a network file system, or a driver is missing.
        """
        url = URL.create("sqlite") if self.records is None else _database_url(self.records)
        if url.get_backend_name() == "postgresql":
            return PostgresServer(url.set(drivername="postgresql+psycopg"))
        file = folder / (url.database or "bank.sqlite")
        make_folder(file.parent)
        refuse_network(file.parent)
        return SqliteServer(file)

    def store(self, folder: Path, *below: str) -> FileStore:
        """A store for files of a bank in `folder`, below the place of its pixels."""
        if self.pixels is None:
            return DigestFiles(folder.joinpath(*below))
        protocol, _, path = self.pixels.partition("://")
        if protocol in ("file", "local"):
            make_folder(Path(path))
            return DigestFiles(Path(path).joinpath(*below))
        return DigestObjects("/".join((self.pixels.rstrip("/"), *below)))

    @property
    def records_leave(self) -> bool:
        """True if the records go over a network; to this machine too, for a tunnel looks the same."""
        if self.records is None:
            return False
        url = _database_url(self.records)
        hosts = [url.host, *(url.query.get(name) for name in ("host", "hostaddr", "service"))]
        named = [str(host) for host in hosts if host] or [os.environ.get("PGHOST", "")]
        return url.get_backend_name() == "postgresql" and not all(
            host.startswith(("/", "@")) for host in named if host
        )

    @property
    def pixels_leave(self) -> bool:
        """True if the pixels go to anything but a disk or the memory of this machine."""
        if self.pixels is None:
            return False
        protocols = [part.partition("://")[0] for part in self.pixels.split("::")]
        return not set(protocols) <= _STAYING


def holds_bank(folder: Path) -> bool:
    """True if a bank was opened in `folder` before, wherever its records and pixels lie."""
    return any((folder / name).exists() for name in ("bank.sqlite", REMEMBERED, "pixels/partial"))


def remembered(folder: Path, asked: Places) -> Places:
    """The places of the bank in `folder`, as it was opened first; what was asked, for a new one.

    Raises:
        BankError: If the bank has its records or pixels elsewhere than asked.
    """
    note = folder / REMEMBERED
    with failures_named(note):
        if note.exists():
            before = Places(**json.loads(note.read_text()))
        elif (folder / "bank.sqlite").exists():
            before = Places()
        else:
            before = asked.hidden
            if asked != Places():
                _write_note(note, before)
    for name, was in asdict(before).items():
        now = getattr(asked, name)
        if now is not None and getattr(asked.hidden, name) != was:
            raise BankError(
                f"the bank in {folder} keeps its {name} in {was or 'that folder'}, not in "
                f"{getattr(asked.hidden, name)}; leave {name}= out, open another folder, or, if you moved "
                f"them, say so in {note}"
            )
    if asked.records is None and before.records is not None and "***" in before.records:
        raise BankError(
            f"the bank in {folder} keeps its records in {before.records}; pass records= with the password, "
            "or without it and set PGPASSWORD"
        )
    return Places(asked.records or before.records, asked.pixels or before.pixels)


def make_folder(path: Path) -> None:
    """Create a folder, with those above it, unless it is there.

    Raises:
        BankError: If a file is in the way.
        BankReadOnlyError: If it cannot be made.
        BankFullError: If the disk is full.
    """
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


def refuse_network(folder: Path) -> None:
    """Check that SQLite may be used in a folder.

    Raises:
        BankError: If it lies on a network file system.
    """
    kind = network_filesystem(folder, MOUNTS)
    if kind is not None:
        raise BankError(
            f"{folder} lies on a network file system ({kind}), where SQLite loses data; put the bank on a "
            "local disk, or its records into a server: records='postgresql+psycopg://user@host/database'"
        )


def without_password(url: str) -> str:
    """A database URL as it may be shown."""
    return _database_url(url).render_as_string(hide_password=True)


def _database_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingError(
            "records is no database URL; write for example postgresql+psycopg://user@host/database"
        ) from None  # the text may hold a password
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingError(f"records is a {url.get_backend_name()} URL; a bank needs PostgreSQL or SQLite")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise SettingError(
            "records is SQLite without a file; leave it out, or write sqlite:////folder/bank.sqlite"
        )
    return url


def _write_note(note: Path, places: Places) -> None:
    aside = note.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    aside.write_text(json.dumps(asdict(places), indent=1) + "\n")
    aside.replace(note)
