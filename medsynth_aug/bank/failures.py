"""Turn what disk and database say into the bank's own errors, with the way out."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, OperationalError

from medsynth_aug.errors import (
    BankError,
    BankFullError,
    BankReadOnlyError,
    BankUnreachableError,
    MedsynthError,
)

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What the system answers where no space is left."""

READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
"""What the system answers where writing is not allowed."""

TRY_AGAIN = {"40001", "40P01"}
"""PostgreSQL's codes for transactions that failed only because of their neighbours."""

_PG_FULL = {"53100"}
_PG_READ_ONLY = {"25006", "42501"}


@contextmanager
def failures_named(place: Path | str) -> Iterator[None]:
    """Run the body; failures of disk or database come out as errors of the bank.

    Args:
        place: What is read or written, named in the message; never with a password.

    Raises:
        BankFullError: If the disk or the quota is full.
        BankReadOnlyError: If the place cannot be written.
        BankUnreachableError: If the database server does not answer.
        BankError: If the database is damaged, busy for too long, or fails otherwise.
    """
    try:
        yield
    except MedsynthError:
        raise
    except DBAPIError as problem:
        raise _of_database(place, problem) from problem
    except (OSError, sqlite3.Error) as problem:
        raise _named(place, problem) from problem


def sqlstate(problem: BaseException | None) -> str | None:
    """PostgreSQL's five-letter code of a failure, or None if it has none."""
    return getattr(getattr(problem, "orig", None), "sqlstate", None)


def _of_database(place: Path | str, problem: DBAPIError) -> BankError:
    original = problem.orig or problem
    if isinstance(original, sqlite3.Error):
        return _named(place, original)
    code = sqlstate(problem)
    said = str(original).strip().replace("\n", " ")
    if code in _PG_FULL:
        return BankFullError(
            f"no space left for {place}; samples stored before are intact: free some space on the database "
            "server and run again"
        )
    if code in _PG_READ_ONLY:
        return BankReadOnlyError(
            f"{place} cannot be written ({said}); use the primary server and a user who may create tables"
        )
    if code in TRY_AGAIN:
        return BankError(f"{place} is too busy ({said}); samples stored before are intact: run again")
    if problem.connection_invalidated or (code is None and isinstance(problem, OperationalError)):
        return BankUnreachableError(
            f"{place} cannot be reached ({said}); samples stored before are intact: check that the server "
            "runs, that the database exists, and user and password (PGPASSWORD or ~/.pgpass)"
        )
    return BankError(f"{place} failed: {said}; samples stored before are intact, check the database")


def _named(place: Path | str, problem: BaseException) -> BankError:
    number = problem.errno if isinstance(problem, OSError) else None
    code = getattr(problem, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if number in FULL or primary == sqlite3.SQLITE_FULL:
        return BankFullError(
            f"no space left for {place}; samples stored before are intact: free some space and run again"
        )
    if number in READ_ONLY or primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return BankReadOnlyError(
            f"{place} cannot be written ({problem}); a bank keeps its database there even for readers: "
            "give write permission or choose another folder"
        )
    if primary == sqlite3.SQLITE_BUSY:
        return BankError(f"{place} is locked by another process for too long; end that process or try later")
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return BankError(f"{place} is damaged or not a bank's database ({problem}); restore it from a backup")
    return BankError(f"{place} failed: {problem}; samples stored before are intact, check the disk")
