"""A bank with samples to review, on each backend that a test asks for."""

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.review import ReviewStore
from tests.bank.backends import FILES
from tests.bank.conftest import arguments, bank, bucket, cluster, s3_endpoint  # noqa: F401  fixtures


@pytest.fixture
def backend() -> str:
    """Where the records are and where the pixels; a file that tests others overrides it."""
    return FILES


@pytest.fixture
def store(bank: SampleBank) -> ReviewStore:  # noqa: F811
    return ReviewStore(bank)
