"""SQLite's single writer: one thread that commits together what has gathered while it was busy.

A durable commit costs a disk flush, so ten callers that share one flush are served nearly ten
times as fast as one by one. Work that fails undoes itself and nobody else: each has its own
savepoint but the first, which has nobody before it and ends the transaction. Every caller waits
for the commit that holds its work.

Some failures, a full disk among them, make SQLite roll back the whole transaction on its own
(sqlite.org, "Response To Errors Within A Transaction"). Then nobody's work is kept, and each is told so.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

from bridge.store.transaction import Transaction

T = TypeVar("T")
Work = Callable[[Transaction], Any]
Asked = tuple[Work, Future[Any]]

#: more would make the first of them wait too long for its answer
MOST_TOGETHER: Final = 64


class RolledBack(Exception):
    """The failure of another's work undid this one too. Nothing was kept, and it may be done again."""


class SingleWriter:
    def __init__(self, engine: Engine, committed: Callable[[set[str]], None]) -> None:
        self._engine = engine.execution_options(writing=True)
        self._committed = committed
        self._asked: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Have `work` done in the next transaction; return its value once that is committed.

        Raises what `work` raises, and RolledBack.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a transaction cannot be opened inside another")
        future: Future[T] = Future()
        self._asked.put((work, future))
        return future.result()

    def close(self) -> None:
        self._asked.put(None)
        self._thread.join(timeout=5)

    def _write(self) -> None:
        while (first := self._asked.get()) is not None:
            self._commit_together(first)

    def _commit_together(self, first: Asked) -> None:
        done: list[tuple[Future[Any], Any]] = []
        wakes: set[str] = set()
        asked: Asked | None = first
        waiting = [first[1]]
        try:
            with self._engine.begin() as connection:
                while asked is not None:
                    self._do(connection, asked, done, wakes)
                    asked = self._next(len(waiting))
                    if asked is not None:
                        waiting.append(asked[1])
        except BaseException as error:  # noqa: BLE001 - each caller is told; the thread must live on
            for future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        self._committed(wakes)
        for future, value in done:
            future.set_result(value)

    def _next(self, taken: int) -> Asked | None:
        if taken >= MOST_TOGETHER:
            return None
        try:
            asked = self._asked.get_nowait()
        except queue.Empty:
            return None
        if asked is None:
            self._asked.put(None)  # keep the wish to stop for after this commit
        return asked

    def _do(
        self,
        connection: Connection,
        asked: Asked,
        done: list[tuple[Future[Any], Any]],
        wakes: set[str],
    ) -> None:
        work, future = asked
        transaction = Transaction(connection)
        try:
            value = _in_savepoint(connection, transaction, work) if done else _whole(transaction, work)
        except BaseException as error:
            future.set_exception(error)
            if not done or not _goes_on(connection):
                raise RolledBack from error
            return
        wakes |= transaction.wakes
        done.append((future, value))


def _whole(transaction: Transaction, work: Work) -> Any:
    value = work(transaction)
    transaction.flush()
    return value


def _in_savepoint(connection: Connection, transaction: Transaction, work: Work) -> Any:
    savepoint = connection.begin_nested()
    try:
        value = _whole(transaction, work)
    except BaseException:
        if _goes_on(connection):
            savepoint.rollback()
        raise
    savepoint.commit()
    return value


def _goes_on(connection: Connection) -> bool:
    """Return whether the transaction is still open. Committing one that is not would succeed, and keep nothing."""
    return bool(connection.connection.driver_connection.in_transaction)  # type: ignore[union-attr]
