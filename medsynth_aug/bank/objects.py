"""Files by digest in an object store, or wherever else fsspec reaches: one whole put a file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, BinaryIO

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from medsynth_aug.bank.failures import FULL
from medsynth_aug.bank.store import SUFFIX, StoredFile
from medsynth_aug.errors import BankError, BankFullError, BankReadOnlyError, BankUnreachableError

_NO_ANSWER = {"ConnectionError", "HTTPClientError", "ClientConnectionError", "TimeoutError", "FSTimeoutError"}
"""Classes by which botocore, aiohttp and fsspec say that nobody answered."""

_NO_BUCKET = {"NoSuchBucket"}


class DigestObjects:
    """Objects `<url>/ab/<name>.safetensors`; names begin with a digest.

    Endpoint, credentials and other options come from fsspec's configuration (`FSSPEC_S3_ENDPOINT_URL` and
    the like) or from what the store's own library reads; none are kept here.

    Args:
        url: Any fsspec URL whose store takes an object whole or not at all.

    Raises:
        BankError: If fsspec does not know the protocol, or a package for it is missing.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._filesystem, self._root = _reach(self._url)
        self._pid = os.getpid()

    def place(self, name: str) -> str:
        """URL of the object of that name."""
        return f"{self._url}/{name[:2]}/{name}{SUFFIX}"

    def has(self, name: str) -> bool:
        """True if the object is there."""
        with object_failures_named(self.place(name)):
            return bool(self._here().exists(self._path(name)))

    def write(self, name: str, data: bytes) -> None:
        """Put an object.

        Raises:
            BankReadOnlyError: If the store denies it.
            BankUnreachableError: If the store does not answer.
            BankError: If there is no such bucket, or the store fails otherwise.
        """
        with object_failures_named(self.place(name)):
            try:
                self._here().pipe_file(self._path(name), data)
            except FileNotFoundError as problem:
                raise _no_bucket(self._url, problem) from problem

    def read(self, name: str) -> bytes | None:
        """Content of an object, or None if there is none."""
        with object_failures_named(self.place(name)):
            try:
                return bytes(self._here().cat_file(self._path(name)))
            except FileNotFoundError as problem:
                if _code(problem) in _NO_BUCKET:
                    raise _no_bucket(self._url, problem) from problem
                return None

    def open(self, name: str) -> BinaryIO | None:
        """An object to read parts of, or None if there is none; it is fetched whole, in one trip."""
        data = self.read(name)
        return None if data is None else BytesIO(data)

    def remove(self, name: str) -> None:
        """Remove an object, if there is one."""
        with object_failures_named(self.place(name)):
            try:
                self._here().rm_file(self._path(name))
            except FileNotFoundError:
                return

    def prefixes(self) -> list[str]:
        """The first two digits of the digests of all objects, sorted."""
        names = (str(entry["name"]).rstrip("/").rpartition("/")[2] for entry in self._listed(""))
        return sorted({name for name in names if len(name) == 2})

    def files(self, prefix: str) -> list[StoredFile]:
        """The objects whose names begin with two digits, sorted by name."""
        found = []
        for entry in self._listed(f"/{prefix}"):
            name = str(entry["name"]).rpartition("/")[2]
            if name.endswith(SUFFIX):
                found.append(StoredFile(name.removesuffix(SUFFIX), int(entry["size"] or 0)))
        return sorted(found, key=lambda file: file.name)

    def age_s(self, name: str) -> float:
        """Seconds since the object was written; 0 where the store does not say, or has no such object."""
        with object_failures_named(self.place(name)):
            try:
                written = self._here().modified(self._path(name))
            except (FileNotFoundError, NotImplementedError):
                return 0.0
        aware = written if written.tzinfo else written.replace(tzinfo=UTC)
        return (datetime.now(UTC) - aware).total_seconds()

    def _listed(self, below: str) -> list[dict[str, Any]]:
        with object_failures_named(self._url):
            try:
                return list(self._here().ls(f"{self._root}{below}", detail=True))
            except FileNotFoundError as problem:
                if _code(problem) in _NO_BUCKET:
                    raise _no_bucket(self._url, problem) from problem
                return []

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name}{SUFFIX}"

    def _here(self) -> AbstractFileSystem:
        if self._pid != os.getpid():  # connections and their thread do not survive a fork
            self._filesystem, self._root = _reach(self._url)
            self._pid = os.getpid()
        return self._filesystem


@contextmanager
def object_failures_named(place: str) -> Iterator[None]:
    """Run the body; failures of an object store come out as errors of the bank.

    Args:
        place: URL that is read or written, named in the message.

    Raises:
        BankFullError: If the store is full.
        BankReadOnlyError: If the store denies it.
        BankUnreachableError: If the store does not answer.
        BankError: If it fails otherwise.
    """
    try:
        yield
    except BankError:
        raise
    except Exception as problem:  # each store has exceptions of its own, from packages that may not be there
        raise _named(place, problem) from problem


def _named(place: str, problem: Exception) -> BankError:
    said = f"{type(problem).__name__}: {problem}".strip()
    kinds = {kind.__name__ for kind in type(problem).__mro__}
    intact = "samples stored before are intact"
    if isinstance(problem, OSError) and problem.errno in FULL:
        return BankFullError(f"no space left for {place}; {intact}: free some space and run again")
    if isinstance(problem, PermissionError) or "NoCredentialsError" in kinds:
        return BankReadOnlyError(
            f"{place} is denied ({said}); {intact}: check the store's credentials and that they may read, "
            "write, list and delete there"
        )
    if kinds & _NO_ANSWER:
        return BankUnreachableError(
            f"{place} cannot be reached ({said}); {intact}: check the network and the endpoint that is "
            "configured for this store"
        )
    return BankError(f"{place} failed ({said}); {intact}: the store itself failed, try again later")


def _no_bucket(url: str, problem: Exception) -> BankError:
    return BankError(f"{url} has no such bucket or container ({problem}); create it, or correct the URL")


def _code(problem: Exception) -> str | None:
    """The code that a store's own client put into its answer, as botocore does."""
    answer = getattr(problem.__cause__, "response", None) or {}
    return answer.get("Error", {}).get("Code")


def _reach(url: str) -> tuple[AbstractFileSystem, str]:
    try:
        filesystem, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as problem:
        raise BankError(
            f"{url} needs a package that is not installed ({problem}); for s3:// URLs: "
            "pip install 'medsynth-aug[s3]'"
        ) from problem
    except ValueError as problem:
        raise BankError(
            f"{url} is no place that fsspec knows ({problem}); write for example s3://bucket/folder"
        ) from problem
    return filesystem, root.rstrip("/")
