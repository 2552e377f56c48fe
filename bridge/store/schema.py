"""Which schema the store has, and that a program of another version changes nothing in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, String, column, select, table
from sqlalchemy.exc import DBAPIError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: how long a look at the store's schema is believed
LOOK_EVERY: Final = timedelta(seconds=1)
#: where Alembic keeps it; its own way of asking is four statements
REVISIONS: Final = select(column("version_num", String)).select_from(table("alembic_version"))


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@cache
def written_for() -> str | None:
    """Return the revision of the schema this program was written for."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def found_in(connection: Connection) -> str | None:
    """Return the revision of the store's schema; None for a store without any."""
    return MigrationContext.configure(connection).get_current_revision()


class SchemaWatch:
    """Tells from time to time whether the store still has our schema: another program may have migrated it.

    `clock` gives seconds that only grow. Safe for threads.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._looking = threading.Lock()
        self._ours = False
        self._looked_at = float("-inf")

    def is_ours(self) -> bool:
        """Return whether the store had our schema within the last `LOOK_EVERY`. Raises DBAPIError."""
        if self._is_old():
            with self._looking:
                if self._is_old():
                    self._look()
        return self._ours

    def _is_old(self) -> bool:
        return self._clock() - self._looked_at >= LOOK_EVERY.total_seconds()

    def _look(self) -> None:
        try:
            with self._engine.connect() as connection:
                self._ours = list(connection.execute(REVISIONS).scalars()) == [written_for()]
        except DBAPIError:  # no such table, or no store
            with self._engine.connect() as connection:
                self._ours = found_in(connection) == written_for()
        self._looked_at = self._clock()
