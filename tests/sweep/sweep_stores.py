"""A store that can be kept as it is and put back, any number of times."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Protocol

from databases import Postgres
from sqlalchemy import NullPool, create_engine, text

from bridge.store import tables

LEAVE_SECONDS: Final = 10.0
TABLES: Final = sorted(tables.handoffs.metadata.tables)
ROWS: Final = "SELECT kept::text FROM {0} AS kept ORDER BY 1"


class KeptStore(Protocol):
    url: str

    def keep(self, name: str) -> None:
        """Keep what is there now under this name, while nobody has it open."""

    def restore(self, name: str) -> None:
        """Put back what was kept under this name."""

    def wait_until_left(self) -> None:
        """Wait until the store has noticed the death of the process."""

    def told(self) -> str:
        """Return all that is committed, in words."""
        ...


class SqliteStore:
    """A file with its log. What a killed process leaves is what it wrote; the next one finds it so."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"sqlite:///{path}"

    def keep(self, name: str) -> None:
        self._copy(self._path.parent, self._folder(name))

    def restore(self, name: str) -> None:
        for file in self._path.parent.glob(f"{self._path.name}*"):
            file.unlink()
        self._copy(self._folder(name), self._path.parent)

    def wait_until_left(self) -> None:
        """A file notices nothing."""

    def told(self) -> str:
        # Read from a copy: who opens the file itself would put its log in order, which is the next one's to do.
        with tempfile.TemporaryDirectory(dir=self._path.parent) as folder:
            self._copy(self._path.parent, Path(folder))
            with closing(sqlite3.connect(Path(folder) / self._path.name)) as copy:
                return "\n".join(copy.iterdump())

    def _copy(self, source: Path, target: Path) -> None:
        target.mkdir(exist_ok=True)
        for file in source.glob(f"{self._path.name}*"):
            shutil.copy(file, target)

    def _folder(self, name: str) -> Path:
        return self._path.parent / f"kept-{name}"


class PostgresStore:
    """A database, and one more for everything that is kept."""

    def __init__(self, server: Postgres, name: str) -> None:
        self._server = server
        self._name = name
        self._kept: set[str] = set()
        self.url = server.url_of(name)

    def keep(self, name: str) -> None:
        self._kept.add(name)
        self.wait_until_left()
        self._server.copy(self._name, self._folder(name))

    def restore(self, name: str) -> None:
        self._server.copy(self._folder(name), self._name)

    def wait_until_left(self) -> None:
        """The server rolls back what a dead process had begun as soon as it sees that nobody is there."""
        until = time.monotonic() + LEAVE_SECONDS
        while self._server.is_open(self._name):
            assert time.monotonic() < until, "the server holds on to a dead process"
            time.sleep(0.001)

    def told(self) -> str:
        self.wait_until_left()
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            told = [row for name in TABLES for row in connection.execute(text(ROWS.format(name))).scalars()]
        self.wait_until_left()
        return "\n".join(told)

    def forget(self) -> None:
        for name in self._kept:
            self._server.drop(self._folder(name))
        self._server.drop(self._name)

    def _folder(self, name: str) -> str:
        return f"{self._name}-{name}"


@contextmanager
def postgres_store(server: Postgres, name: str) -> Iterator[PostgresStore]:
    """Give a migrated, empty store on this server, dropped afterwards with all that was kept of it."""
    server.copy(server.template, name)
    store = PostgresStore(server, name)
    try:
        yield store
    finally:
        store.forget()
