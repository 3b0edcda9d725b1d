"""Bring a database to the schema of this version by numbered migrations; Alembic loads only when it must."""

import logging
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from medsynth_aug.errors import BankError

HEAD = "0002"
"""Number of the newest migration, which this version reads and writes."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def ensure_schema(engine: Engine, file: Path) -> None:
    """Create or upgrade the schema; call it under the bank's opening lock.

    Args:
        engine: Engine of the database, whose write connections begin at once.
        file: The database, named in messages.

    Raises:
        BankError: If a newer version wrote the database, or something that is no bank.
    """
    revision = _revision(engine, file)
    if revision == HEAD:
        return
    if revision is not None and int(revision) > int(HEAD):
        raise BankError(
            f"{file} has schema {revision}, this version reads up to {HEAD}: upgrade medsynth-aug "
            "(pip install -U medsynth-aug)"
        )
    _use_write_ahead_log(engine)
    _migrate(engine)


def _revision(engine: Engine, file: Path) -> str | None:
    tables = inspect(engine).get_table_names()
    if not tables:
        return None
    revision = None
    if "alembic_version" in tables:
        with engine.connect() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is None or not str(revision).isdigit():
        raise BankError(f"{file} is a database, but not a bank's; choose another folder for the bank")
    return str(revision)


def _use_write_ahead_log(engine: Engine) -> None:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    logger = logging.getLogger("alembic")
    level = logger.level
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    logger.setLevel(logging.WARNING)
    try:
        with engine.connect().execution_options(immediate=True) as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        logger.setLevel(level)
