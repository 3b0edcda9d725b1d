"""Records that are gone while the pixels are there: said at once, and nothing of the pixels goes."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
import torch

from medsynth_aug.bank import PruneRule, SampleBank
from medsynth_aug.bank.store import every_file
from medsynth_aug.errors import BankError
from tests.bank.backends import MEMORY, Arguments
from tests.bank.material import sample
from tests.postgres import Cluster


def lose_records(folder: Path) -> None:
    for path in folder.glob("bank.sqlite*"):
        path.unlink()


@pytest.fixture
def lost(bank: SampleBank) -> Path:
    """The folder of a bank of one sample, with its records in a backup and not in their place."""
    bank.add(sample())
    bank.close()
    shutil.copy(bank.path / "bank.sqlite", bank.path.parent / "backup")
    lose_records(bank.path)
    return bank.path


def test_records_that_are_gone_are_named_and_a_backup_brings_everything_back(lost: Path) -> None:
    for _ in range(2):
        with pytest.raises(
            BankError, match=rf"{lost}/pixels holds samples, but {lost}/bank.sqlite has no rec"
        ):
            SampleBank(lost)
    shutil.copy(lost.parent / "backup", lost / "bank.sqlite")
    restored = SampleBank(lost)
    assert torch.equal(restored.get(sample().digest).image, sample().image)
    assert restored.verify() == []


def test_a_bank_begins_anew_once_its_pixels_are_moved_away(lost: Path) -> None:
    (lost / "pixels").rename(lost.parent / "moved")
    assert len(SampleBank(lost)) == 0


def test_a_pruned_bank_whose_database_is_removed_begins_anew(bank: SampleBank) -> None:
    bank.add(sample())
    bank.prune(PruneRule(keep=[]))
    bank.close()
    lose_records(bank.path)
    assert len(SampleBank(bank.path)) == 0


def test_an_opening_that_was_killed_between_folders_and_records_is_done_again(tmp_path: Path) -> None:
    for folder in ("pixels/partial", "local/sources/partial", "local/maps/partial"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bank.sqlite").touch()
    SampleBank(tmp_path).add(sample())
    assert SampleBank(tmp_path).digests() == [sample().digest]


@pytest.mark.parametrize("backend", [MEMORY])
def test_pixels_elsewhere_are_not_taken_over_by_new_records(
    bank: SampleBank, arguments: Arguments, backend: str, tmp_path: Path
) -> None:
    bank.add(sample())
    with pytest.raises(BankError, match=f"{arguments['pixels']}/pixels holds samples, but .*name the right"):
        SampleBank(tmp_path / "other", **arguments)
    assert bank.verify() == []


@pytest.mark.postgres
def test_a_new_database_server_does_not_take_over_old_pixels(tmp_path: Path, cluster: Cluster) -> None:
    pixels = (tmp_path / "share").as_uri()
    first = SampleBank(tmp_path / "first", records=cluster.new_database(), pixels=pixels)
    first.add(sample())
    new = cluster.new_database()
    with pytest.raises(BankError, match=r"share/pixels holds samples, but postgresql.* has no records"):
        SampleBank(tmp_path / "second", records=new, pixels=pixels)
    assert first.verify() == []
    first.close()


def test_records_that_never_knew_a_sample_prune_no_pixels(lost: Path) -> None:
    (lost / "pixels").rename(lost.parent / "moved")
    bank = SampleBank(lost)
    shutil.copytree(lost.parent / "moved", lost / "pixels", dirs_exist_ok=True)
    (file,) = every_file(bank._pixels)
    place = Path(bank._pixels.place(file.name))
    os.utime(place, (time.time() - 7200, time.time() - 7200))
    for dry_run in (True, False):
        with pytest.raises(BankError, match=f"never knew a sample, so nobody knows whose {place} is"):
            bank.prune(PruneRule(), dry_run=dry_run)
    assert bank.prune(PruneRule(leftovers=False)).samples == ()
    assert place.exists()


def test_a_database_without_tables_is_no_records(lost: Path) -> None:
    with closing(sqlite3.connect(lost / "bank.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    with pytest.raises(BankError, match="restore that database from a backup"):
        SampleBank(lost)
