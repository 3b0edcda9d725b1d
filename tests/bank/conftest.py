"""A bank to write to, closed at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SampleBank]:
    opened = SampleBank(tmp_path / "bank")
    yield opened
    opened.close()
