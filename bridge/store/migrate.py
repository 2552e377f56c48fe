"""Bring a store's schema to this version of the program."""

from __future__ import annotations

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from bridge.store.database import Database, StoreUnavailable
from bridge.store.schema import configuration, found_in, written_for


class UnknownRevision(Exception):
    """This program has no such revision of the schema. The text names those it has."""


def migrate(url: str) -> str:
    """Run every migration the store at `url` lacks; return the revision it has then.

    Safe to run again, and by several processes at once. Raises UnknownStore for an address that cannot be
    used, StoreUnavailable where nothing answers at it.
    """
    _run(command.upgrade, url, "head")
    return revisions()[-1]


def migrate_back(url: str, revision: str) -> None:
    """Undo the migrations after `revision`, for an older program. Raises UnknownRevision, and as `migrate`."""
    if revision not in revisions():
        raise UnknownRevision(f"there is no revision {revision} here; there are {', '.join(revisions())}")
    _run(command.downgrade, url, revision)


def revisions() -> list[str]:
    """Return the revisions of the schema that this program knows, the oldest first."""
    found = ScriptDirectory.from_config(configuration()).walk_revisions()
    return [script.revision for script in found][::-1]


def _run(step: Callable[[Config, str], None], url: str, revision: str) -> None:
    config = configuration()
    config.attributes["url"] = url
    try:
        step(config, revision)
    except DBAPIError as error:
        raise StoreUnavailable(type(error.orig).__name__) from error


def is_current(database: Database) -> bool:
    """Return whether the store has exactly the schema this program was written for."""
    with database.read() as connection:
        return found_in(connection) == written_for()
