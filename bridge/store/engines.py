"""How each kind of store is reached: the address as written in the settings, made into an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

SQLITE_BUSY_TIMEOUT_MS: Final = 15_000
POOL_SIZE: Final = 20
#: for a free connection of the pool, and for a server to answer at all
PATIENCE_SECONDS: Final = 5
#: A host that vanishes says no goodbye. These notice it within half a minute; without them it takes hours.
POSTGRES: Final[Mapping[str, Any]] = {
    "connect_timeout": PATIENCE_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
}
#: A process that is frozen in a transaction holds locks that others wait for, until the server ends it.
LONGEST_PAUSE_SECONDS: Final = 10
READ_ONLY: Final = "25006"  #: SQLSTATE of a write where only reading is allowed
ADDRESSES: Final = "write sqlite:///handoff.db or postgresql://user@host/name"


class UnknownStore(Exception):
    """The store's address cannot be used. The text says what would do and never shows the address."""


def engine_for(url: str) -> Engine:
    """Return an engine, connected to nothing yet. Raises UnknownStore."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise UnknownStore(f"HANDOFF_DATABASE_URL cannot be read; {ADDRESSES}") from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() != "postgresql":
        raise UnknownStore(f"HANDOFF_DATABASE_URL: {parsed.drivername} is not known; {ADDRESSES}")
    return _postgres(parsed)


def leave_server(engine: Engine) -> None:
    """Close every connection, those in use as soon as they are given back. The engine goes on with new ones."""
    left = engine.pool
    engine.dispose()
    event.listen(left, "checkin", _close_returned)


def close_engine(engine: Engine) -> None:
    """Close every connection, and any that somebody still has or opens as soon as it is given back."""
    event.listen(engine, "checkin", _close_returned)
    engine.dispose()


def sqlstate(error: BaseException | None) -> str | None:
    """Return PostgreSQL's code of an error of its driver; None for any other."""
    return getattr(error, "sqlstate", None)


def _close_returned(_connection: Any, record: ConnectionPoolEntry) -> None:
    # Its pool is one that nobody empties any more.
    record.invalidate()


def _postgres(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=PATIENCE_SECONDS,
        pool_use_lifo=True,  # the one used last knows our statements; the others may rest
        pool_pre_ping=False,
        connect_args={**POSTGRES, "application_name": "handoff-bridge"},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        try:
            connection.execute(f"SET idle_in_transaction_session_timeout = '{LONGEST_PAUSE_SECONDS}s'")
            connection.commit()
        except Exception:
            connection.close()  # the server went as we came, and the pool knows nothing of this connection yet
            raise

    @event.listens_for(engine, "handle_error")
    def _leave_a_server_that_takes_no_writes(context: ExceptionContext) -> None:
        # It was the first server until another took over, so every connection to it is of no use any more.
        if sqlstate(context.original_exception) == READ_ONLY:
            context.is_disconnect = True

    return engine


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_use_lifo=True,  # the one used last still has in memory what it has read
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
