"""The one way to read and change the store: `transact` for changes, `read` for looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from bridge.store.clock import clock_of
from bridge.store.engines import close_engine, engine_for, leave_server, sqlstate
from bridge.store.schema import SchemaWatch
from bridge.store.strain import Strain
from bridge.store.transaction import Transaction
from bridge.store.wakeups import Wakeups, wakeups_for
from bridge.store.writer import RolledBack, SingleWriter

T = TypeVar("T")

#: the first and three more
TRIES: Final = 4
#: transactions of gathered work at a time on PostgreSQL: one is written while another waits for the disk
POSTGRES_WRITERS: Final = 2
#: serialization failure, deadlock: the whole transaction may be run again (PostgreSQL, appendix A)
RETRYABLE_SQLSTATES: Final = frozenset({"40001", "40P01"})
#: what the engine raises when the store is away
UNAVAILABLE: Final = (DBAPIError, PoolExhausted)
ANOTHER_SCHEMA: Final = "it has the schema of another version"


class StoreUnavailable(Exception):
    """The store cannot be written or reached now. Nothing was kept; the caller may try again."""


class Database:
    """A store at a SQLAlchemy URL: SQLite with one writer thread, or PostgreSQL. Raises UnknownStore."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = engine_for(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.writers = 1 if self.is_sqlite else POSTGRES_WRITERS
        self.wakeups: Wakeups = wakeups_for(self.engine)
        self.clock = clock_of(self.engine)
        self.strain = Strain()
        self._schema = SchemaWatch(self.engine)
        self._writer = SingleWriter(self.engine, self.wakeups.announce) if self.is_sqlite else None
        self._endings: list[Callable[[], None]] = []

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and return its value once that is on disk.

        `work` may run more than once, so it must change nothing but the store. Raises what
        `work` raises, and StoreUnavailable when the store cannot keep it or has another program's schema.
        """
        self._must_have_our_schema()
        try:
            for _ in range(TRIES - 1):
                try:
                    return self._once(work)
                except (DBAPIError, RolledBack) as error:
                    if not _may_be_repeated(error):
                        raise
                    self.strain.repeated(_reason(error))
            return self._once(work)
        except (DataError, IntegrityError):
            raise  # what no store can hold is a fault of ours, and trying again would not help
        except (*UNAVAILABLE, RolledBack) as error:
            raise self._refused(_reason(error)) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection for looking only. Raises StoreUnavailable when there is none."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except UNAVAILABLE as error:
            raise StoreUnavailable(_reason(error)) from error

    def is_writable(self) -> bool:
        """Return whether the server takes changes: a standby does not. Raises StoreUnavailable."""
        if self.is_sqlite:
            return True
        with self.read() as connection:
            writable = bool(connection.execute(text("SHOW transaction_read_only")).scalar() == "off")
        if not writable:
            leave_server(self.engine)  # another may have taken over; the next connection finds it
        return writable

    def before_closing(self, end: Callable[[], None]) -> None:
        """Have `end` called as soon as the database is to be closed, while it still serves."""
        self._endings.append(end)

    def close(self) -> None:
        for end in self._endings:
            end()
        self._endings.clear()
        if self._writer:
            self._writer.close()
        self.wakeups.close()
        self.clock.close()
        close_engine(self.engine)

    def _once(self, work: Callable[[Transaction], T]) -> T:
        return self._writer.run(work) if self._writer else self._run(work)

    def _run(self, work: Callable[[Transaction], T]) -> T:
        with self.engine.begin() as connection:
            transaction = Transaction(connection)
            value = work(transaction)
            transaction.flush()
        self.wakeups.announce(transaction.wakes)
        return value

    def _must_have_our_schema(self) -> None:
        try:
            ours = self._schema.is_ours()
        except UNAVAILABLE as error:
            raise self._refused(_reason(error)) from error
        if not ours:
            raise self._refused(ANOTHER_SCHEMA)

    def _refused(self, reason: str) -> StoreUnavailable:
        self.strain.refused(reason)
        return StoreUnavailable(reason)


def _may_be_repeated(error: DBAPIError | RolledBack) -> bool:
    if isinstance(error, RolledBack | IntegrityError):
        # Two racing transactions may have inserted the same row; the second look finds the first one's.
        return True
    if isinstance(error, DataError):
        return False
    return sqlstate(error.orig) in RETRYABLE_SQLSTATES or error.connection_invalidated


def _reason(error: Exception) -> str:
    """Return the error's name in the driver's own words, which hold no value of a row."""
    inner = getattr(error, "orig", None) or error
    return str(getattr(inner, "sqlite_errorname", None) or type(inner).__name__)
