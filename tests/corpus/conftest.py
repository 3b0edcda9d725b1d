"""A bank with a few virtual patients, made without weights and without one real pixel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank, SourceStore
from medsynth_aug.corpus import PatientReport, PatientSettings, Population, make_patients
from medsynth_aug.synthesis import FakeSynthesizer, SourceImage

SETTINGS = PatientSettings(side_px=96, least_lung_dice=0)
"""Small images; phantoms have no lungs that could be found again."""

SICK = Population(findings={"nodule": 0.4, "effusion": 0.3, "pneumothorax": 0.3}, follow_up_share=1.0)
"""Everybody has a finding and a follow-up."""


def no_real_pixels(digest: str) -> SourceImage:
    """A reader of the user's data that nobody may ask."""
    raise AssertionError(f"a real image was read: {digest}")


def make(
    bank: SampleBank, count: int = 4, population: Population = SICK, *, seed: int = 0, first: int = 0,
    settings: PatientSettings = SETTINGS,
) -> PatientReport:  # fmt: skip
    """Virtual patients from phantoms, with a source store that raises on every real read."""
    return make_patients(
        bank, FakeSynthesizer(), population, count, seed=seed, first=first, settings=settings,
        sources=SourceStore(bank, no_real_pixels), progress=False,
    )  # fmt: skip


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SampleBank]:
    opened = SampleBank(tmp_path / "bank")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleBank]:
    """A bank with six patients, for tests that only read."""
    opened = SampleBank(tmp_path_factory.mktemp("filled") / "bank")
    make(opened, 6)
    yield opened
    opened.close()
