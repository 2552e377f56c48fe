"""The one way to read and change the store: `transact` for changes, `read` for looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError

from bridge.store.transaction import Transaction
from bridge.store.wakeups import Wakeups, wakeups_for
from bridge.store.writer import SingleWriter

T = TypeVar("T")

TRIES: Final = 4
SQLITE_BUSY_TIMEOUT_MS: Final = 15_000
POOL_SIZE: Final = 20
#: transactions of gathered work at a time: one is written while another waits for the disk
POSTGRES_WRITERS: Final = int(__import__("os").environ.get("PGW", "2"))
ADDRESSES: Final = "write sqlite:///handoff.db or postgresql://user@host/name"
#: serialization failure, deadlock: the whole transaction may be run again (PostgreSQL, appendix A)
RETRYABLE_SQLSTATES: Final = frozenset({"40001", "40P01"})


class StoreUnavailable(Exception):
    """The store cannot be written or reached now. Nothing was kept; the caller may try again."""


class UnknownStore(Exception):
    """The store's address cannot be used. The text says what would do and never shows the address."""


class Database:
    """A store at a SQLAlchemy URL: SQLite with one writer thread, or PostgreSQL. Raises UnknownStore."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.writers = 1 if self.is_sqlite else POSTGRES_WRITERS
        self.wakeups: Wakeups = wakeups_for(self.engine)
        self._writer = SingleWriter(self.engine, self.wakeups.announce) if self.is_sqlite else None

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and return its value once that is on disk.

        `work` may run more than once, so it must change nothing but the store. Raises what
        `work` raises, and StoreUnavailable when the store cannot keep it.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._writer.run(work) if self._writer else self._run(work)
            except IntegrityError:
                # Two racing transactions inserted the same row; the second look finds the first one's.
                if attempt == TRIES:
                    raise
            except DataError:
                raise  # a value no store can hold is a fault of ours, and trying again would not help
            except DBAPIError as error:
                if not _retryable(error) or attempt == TRIES:
                    raise StoreUnavailable(type(error.orig).__name__) from error
        raise AssertionError("unreachable")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection for looking only. Raises StoreUnavailable when there is none."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreUnavailable(type(error.orig).__name__) from error

    def close(self) -> None:
        if self._writer:
            self._writer.close()
        self.wakeups.close()
        self.engine.dispose()

    def _run(self, work: Callable[[Transaction], T]) -> T:
        with self.engine.begin() as connection:
            transaction = Transaction(connection)
            value = work(transaction)
            transaction.flush()
        self.wakeups.announce(transaction.wakes)
        return value


def _retryable(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in RETRYABLE_SQLSTATES or error.connection_invalidated


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise UnknownStore(f"HANDOFF_DATABASE_URL cannot be read; {ADDRESSES}") from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url)
    if parsed.get_backend_name() != "postgresql":
        raise UnknownStore(f"HANDOFF_DATABASE_URL: {parsed.drivername} is not known; {ADDRESSES}")
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_use_lifo=True,  # the one used last knows our statements; the others may rest
        pool_pre_ping=False,
        connect_args={"connect_timeout": 5, "application_name": "handoff-bridge"},
    )


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000})

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
        connection.execute(text("BEGIN IMMEDIATE" if writing else "BEGIN"))

    return engine
