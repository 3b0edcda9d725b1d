"""Bring a database to the schema of this version by numbered migrations; Alembic loads only when it must."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, inspect, text

from medsynth_aug.errors import BankError

HEAD = "0006"
"""Number of the newest migration, which this version reads and writes."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class Upgradable(Protocol):
    """What an upgrade needs to know of a database server."""

    name: str
    writing: dict[str, Any]

    def prepare(self, engine: Engine) -> None:
        """Set up a database that is about to be migrated."""
        ...


def ensure_schema(
    engine: Engine, server: Upgradable, before_creation: Callable[[], None] | None = None
) -> None:
    """Create or upgrade the schema; call it under the bank's opening lock.

    Args:
        engine: Engine of the database.
        server: Whose database it is.
        before_creation: Called if the database is empty; may raise, and it stays empty then.

    Raises:
        BankError: If a newer version wrote the database, or something that is no bank.
    """
    revision = _revision(engine, server.name)
    if revision == HEAD:
        return
    if revision is not None and int(revision) > int(HEAD):
        raise BankError(
            f"{server.name} has schema {revision}, this version reads up to {HEAD}: upgrade medsynth-aug "
            "(pip install -U medsynth-aug)"
        )
    if revision is None and before_creation is not None:
        before_creation()
    server.prepare(engine)
    _migrate(engine, server.writing)


def _revision(engine: Engine, name: str) -> str | None:
    tables = inspect(engine).get_table_names()
    if not tables:
        return None
    revision = None
    if "alembic_version" in tables:
        with engine.connect() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is None or not str(revision).isdigit():
        raise BankError(f"{name} is a database, but not a bank's; choose another folder or database")
    return str(revision)


def _migrate(engine: Engine, writing: dict[str, Any]) -> None:
    from alembic import command
    from alembic.config import Config

    logger = logging.getLogger("alembic")
    level = logger.level
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    logger.setLevel(logging.WARNING)
    try:
        with engine.connect().execution_options(**writing) as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        logger.setLevel(level)
