"""Bring a store's schema to this version of the program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from bridge.store.database import Database, StoreUnavailable


def migrate(url: str) -> None:
    """Run every migration the store at `url` lacks. Safe to run again, and by several processes at once.

    Raises UnknownStore for an address that cannot be used, StoreUnavailable where nothing answers at it.
    """
    try:
        command.upgrade(_config(url), "head")
    except DBAPIError as error:
        raise StoreUnavailable(type(error.orig).__name__) from error


def is_current(database: Database) -> bool:
    """Return whether the store has exactly the schema this program was written for."""
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config(database.url)).get_current_head()


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config
