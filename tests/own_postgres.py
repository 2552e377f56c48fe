"""PostgreSQL servers of one test's own: to be stopped, filled up, and to stand by for each other."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import databases
import psycopg
from postgres_server import USER, PostgresServer, copy_within_reach, may_run

from bridge.store import migrate


@contextmanager
def programs() -> Iterator[Path]:
    """Give the folder of the server's programs, where the account that runs them can reach it."""
    found = databases._programs() if databases._elsewhere() is None else databases._wheel_programs()
    within_reach = found if may_run(found) else copy_within_reach(found)
    try:
        yield within_reach
    finally:
        if within_reach != found:
            shutil.rmtree(within_reach.parents[2])


@contextmanager
def own_postgres(place: Path | None = None) -> Iterator[PostgresServer]:
    """Give a running server with a migrated store, kept in `place`; None for where it is quickest."""
    with programs() as folder, a_room(place) as room:
        server = PostgresServer(room, folder)
        server.start()
        try:
            migrate(server.url)
            yield server
        finally:
            server.stop_if_running()


@contextmanager
def with_standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """Give a synchronous standby: from now on the primary commits nothing that the standby has not got."""
    with a_room() as room:
        standby = primary.copy_to(room)
        standby.start()
        try:
            on(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
            on(primary, "SELECT pg_reload_conf()")
            yield standby
        finally:
            standby.stop_if_running()


def url_of(*servers: PostgresServer) -> str:
    """Return the address that leads to whichever of the servers takes changes."""
    hosts = ",".join(str(server.data) for server in servers)
    ports = ",".join("5432" for _ in servers)
    return f"postgresql://{USER}@/postgres?host={hosts}&port={ports}&target_session_attrs=read-write"


def on(server: PostgresServer, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(host=str(server.data), user=USER, dbname="postgres", autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


@contextmanager
def a_room(place: Path | None = None) -> Iterator[Path]:
    """Give a folder with a name short enough for a socket in it, in memory where there is room."""
    room = Path(tempfile.mkdtemp(prefix="handoff-own-", dir=place or databases._quick_place()))
    room.chmod(0o711)  # the account that runs the server passes through
    try:
        yield room
    finally:
        shutil.rmtree(room)


def kill(server: PostgresServer) -> None:
    """As if its machine had lost power."""
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    subprocess.run(["kill", "-9", str(pid), *children.stdout.split()], check=False)
