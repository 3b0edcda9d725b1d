"""A loopback Hub, a client process that speaks to it, and a corpus to publish."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from medsynth_huggingface import Corpus
from tests.huggingface.client import Client, running_client
from tests.huggingface.hub.running import running_hub
from tests.huggingface.hub.state import WRITER, Hub
from tests.huggingface.material import virtual_corpus


@pytest.fixture(autouse=True)
def no_hub_but_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of the tests itself asks no Hub; the client's does."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture(scope="session")
def running() -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def hub(running: Hub) -> Hub:
    """An empty Hub."""
    running.forget()
    return running


@pytest.fixture(scope="session")
def client(running: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A process whose token may write."""
    with running_client(running.url, str(tmp_path_factory.mktemp("writer")), WRITER) as started:
        yield started


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the corpus and its bank are made; the client process opens them there."""
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="session")
def corpus(corpus_folder: Path) -> Corpus:
    return virtual_corpus(corpus_folder, count=8)


@pytest.fixture(scope="session")
def few(corpus: Corpus) -> Corpus:
    """Two patients: enough where only the way to the Hub is looked at."""
    return corpus.only(corpus.digests[:2])
