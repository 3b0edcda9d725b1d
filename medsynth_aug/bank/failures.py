"""Turn what disk and database say into the bank's own errors, with the way out."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from medsynth_aug.errors import BankError, BankFullError, BankReadOnlyError, MedsynthError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def failures_named(path: Path) -> Iterator[None]:
    """Run the body; failures of disk or database come out as errors of the bank.

    Args:
        path: What is read or written, named in the message.

    Raises:
        BankFullError: If the disk or the quota is full.
        BankReadOnlyError: If the place cannot be written.
        BankError: If the database is damaged, busy for too long, or fails otherwise.
    """
    try:
        yield
    except MedsynthError:
        raise
    except DBAPIError as problem:
        raise _named(path, problem.orig or problem) from problem
    except (OSError, sqlite3.Error) as problem:
        raise _named(path, problem) from problem


def _named(path: Path, problem: BaseException) -> BankError:
    number = problem.errno if isinstance(problem, OSError) else None
    code = getattr(problem, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if number in _FULL or primary == sqlite3.SQLITE_FULL:
        return BankFullError(
            f"no space left for {path}; samples stored before are intact: free some space and run again"
        )
    if number in _READ_ONLY or primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return BankReadOnlyError(
            f"{path} cannot be written ({problem}); a bank keeps its database there even for readers: "
            "give write permission or choose another folder"
        )
    if primary == sqlite3.SQLITE_BUSY:
        return BankError(f"{path} is locked by another process for too long; end that process or try later")
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return BankError(f"{path} is damaged or not a bank's database ({problem}); restore it from a backup")
    return BankError(f"{path} failed: {problem}; samples stored before are intact, check the disk")
