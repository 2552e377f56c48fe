"""Bring a store's schema to this version of the program."""

from __future__ import annotations

from alembic import command
from sqlalchemy.exc import DBAPIError

from bridge.store.database import Database, StoreUnavailable
from bridge.store.schema import configuration, found_in, written_for


def migrate(url: str) -> None:
    """Run every migration the store at `url` lacks. Safe to run again, and by several processes at once.

    Raises UnknownStore for an address that cannot be used, StoreUnavailable where nothing answers at it.
    """
    config = configuration()
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        raise StoreUnavailable(type(error.orig).__name__) from error


def is_current(database: Database) -> bool:
    """Return whether the store has exactly the schema this program was written for."""
    with database.read() as connection:
        return found_in(connection) == written_for()
