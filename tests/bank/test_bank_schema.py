"""The numbered migrations: what they build, how quiet they are, and which databases they leave alone."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from medsynth_aug.bank import SampleBank, upgrade
from medsynth_aug.bank.schema import metadata
from medsynth_aug.bank.store import every_file
from medsynth_aug.errors import BankError
from tests.bank.backends import FILES, POSTGRES, place_of
from tests.bank.material import assert_same, radiograph, rows, sample


@pytest.mark.parametrize("backend", [FILES, POSTGRES])
def test_the_migrations_build_exactly_the_tables_that_the_code_uses(bank: SampleBank, backend: str) -> None:
    with bank._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_are_numbered_without_gaps_up_to_the_head() -> None:
    scripts = ScriptDirectory(str(upgrade._MIGRATIONS))
    numbers = sorted(script.revision for script in scripts.walk_revisions())
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert scripts.get_heads() == [upgrade.HEAD] == numbers[-1:]


def test_the_database_keeps_its_promises_on_every_connection(bank: SampleBank) -> None:
    with bank._database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 60_000}


def test_opening_is_quiet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        SampleBank(tmp_path / "bank").close()
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")
    assert logging.getLogger("alembic").level == logging.NOTSET


def test_a_bank_of_a_newer_version_says_to_upgrade(bank: SampleBank) -> None:
    bank.close()
    with closing(sqlite3.connect(bank.path / "bank.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.commit()
    with pytest.raises(
        BankError, match=r"has schema 0099, this version reads up to .*: upgrade medsynth-aug"
    ):
        SampleBank(bank.path)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE mine (x)"],
        [
            "CREATE TABLE alembic_version (version_num TEXT)",
            "INSERT INTO alembic_version VALUES ('a1b2c3')",
        ],
    ],
)
def test_somebody_elses_database_is_left_alone(tmp_path: Path, statements: list[str]) -> None:
    file = tmp_path / "bank.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    before = file.read_bytes()
    with pytest.raises(BankError, match="is a database, but not a bank's; choose another folder or database"):
        SampleBank(tmp_path)
    assert file.read_bytes() == before


def set_back_to_0002(bank: SampleBank) -> None:
    """Make a bank what version 0002 of the schema was: its samples lie under their digest alone."""
    for digest in bank.digests():
        place = Path(place_of(bank, digest))
        place.rename(place.with_name(f"{digest}.safetensors"))
    bank.close()
    later = metadata.tables.keys() - {"samples", "refusals", "anatomies", "events", "wanted"}
    indexes = {index.name for index in metadata.tables["samples"].indexes} - {"samples_by_source"}
    with closing(sqlite3.connect(bank.path / "bank.sqlite")) as connection:
        for statement in (
            *(f"DROP TABLE {name}" for name in later),
            *(f"DROP INDEX {name}" for name in indexes),
            "ALTER TABLE samples DROP COLUMN file",
            "CREATE INDEX samples_by_lesion ON samples (lesion, purpose)",
            "UPDATE alembic_version SET version_num = '0002'",
        ):
            connection.execute(statement)
        connection.commit()


def test_a_bank_of_the_version_before_is_upgraded_and_keeps_everything(bank: SampleBank) -> None:
    made, later = sample(1), sample(2)
    bank.add(made)
    bank.put_source(radiograph())
    set_back_to_0002(bank)
    upgraded = SampleBank(bank.path)
    assert_same(upgraded.get(made.digest), made)
    assert upgraded.verify() == []
    assert rows(upgraded, "SELECT id, kind, subject FROM events") == [(1, "sample", made.digest)]
    upgraded.add(later)
    upgraded.forget(made.digest)
    assert upgraded.digests() == [later.digest]
    assert list(upgraded._pixels.prefixes()) == sorted({made.digest[:2], later.digest[:2]})
    assert [file.name[:64] for file in every_file(upgraded._pixels)] == [later.digest]
    with upgraded._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    upgraded.close()
