"""The backends on which the contract of a bank is tested, each as arguments of a new `SampleBank`."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import fsspec
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from sqlalchemy import select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import samples

FILES, MEMORY, S3 = "sqlite+files", "sqlite+memory", "sqlite+s3"
POSTGRES = pytest.param("postgres+files", marks=pytest.mark.postgres)
BACKENDS = [FILES, MEMORY, S3, POSTGRES]
KEYS = {"key": "test", "secret": "test"}


@contextmanager
def s3_server() -> Iterator[str]:
    """Endpoint of a loopback server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def s3_configured(endpoint: str) -> Iterator[None]:
    """Point fsspec's own configuration to an endpoint, without long retries."""
    before = dict(fsspec.config.conf)
    fsspec.config.conf["s3"] = {
        "endpoint_url": endpoint,
        "config_kwargs": {"retries": {"max_attempts": 1}, "connect_timeout": 5, "read_timeout": 20},
        **KEYS,
    }
    try:
        yield
    finally:
        fsspec.config.conf.clear()
        fsspec.config.conf.update(before)


def new_bucket(endpoint: str, name: str) -> str:
    """URL of a folder in a new bucket."""
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test",
        region_name="us-east-1",
    )  # fmt: skip
    client.create_bucket(Bucket=name)
    client.close()
    return f"s3://{name}/project"


def free_port() -> int:
    """A port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tamper(place: str, data: bytes | None) -> None:
    """Change or remove a file behind a bank's back, wherever it lies."""
    filesystem, path = fsspec.core.url_to_fs(place)
    if data is None:
        filesystem.rm_file(path)
    else:
        filesystem.pipe_file(path, data)


def place_of(bank: SampleBank, digest: str) -> str:
    """Path or URL of a sample's pixels."""
    with bank._database.reading() as connection:
        file = connection.execute(select(samples.c.file).where(samples.c.digest == digest)).scalar_one()
    return bank._pixels.place(file)


def content(place: str) -> bytes:
    """Bytes of a file, wherever it lies."""
    filesystem, path = fsspec.core.url_to_fs(place)
    return bytes(filesystem.cat_file(path))


Arguments = dict[str, Any]
