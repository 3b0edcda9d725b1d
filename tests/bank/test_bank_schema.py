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
from medsynth_aug.errors import BankError


def test_the_migrations_build_exactly_the_tables_that_the_code_uses(bank: SampleBank) -> None:
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
    with pytest.raises(BankError, match="is a database, but not a bank's; choose another folder"):
        SampleBank(tmp_path)
    assert file.read_bytes() == before
