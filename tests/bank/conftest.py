"""A bank to write to, closed at the end: in a folder, or on each of the other backends."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from tests.bank import backends
from tests.postgres import Cluster, running_cluster


@pytest.fixture
def backend() -> str:
    """Where the records are and where the pixels; a file that tests others overrides it."""
    return backends.FILES


@pytest.fixture
def bank(tmp_path: Path, arguments: backends.Arguments) -> Iterator[SampleBank]:
    opened = SampleBank(tmp_path / "bank", **arguments)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server; ask for it only in tests marked `postgres`."""
    with running_cluster() as running:
        yield running


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A loopback S3 server that fsspec is configured for."""
    with backends.s3_server() as endpoint, backends.s3_configured(endpoint):
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str) -> str:
    """URL of a folder in a new bucket."""
    return backends.new_bucket(s3_endpoint, f"bank-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def arguments(backend: str, request: pytest.FixtureRequest) -> backends.Arguments:
    """What `SampleBank` needs besides its folder for a new bank on that backend."""
    given: backends.Arguments = {}
    records, pixels = backend.split("+")
    if records == "postgres":
        given["records"] = request.getfixturevalue("cluster").new_database()
    if pixels == "memory":
        given["pixels"] = f"memory://{uuid.uuid4().hex}"
    if pixels == "s3":
        given |= {"pixels": request.getfixturevalue("bucket"), "real_pixels_may_leave": True}
    return given
