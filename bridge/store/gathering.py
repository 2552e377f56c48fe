"""Work that gathers: what is asked while a commit is under way is done together by the next one.

A durable commit costs a disk flush, and each statement a way to the database and back. Callers who share them
are served many times as fast as one by one, and one who comes alone waits for nobody.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

from bridge.store.database import Database, StoreUnavailable
from bridge.store.transaction import Transaction

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

#: more would make the first of them wait too long for its answer
MOST_TOGETHER: Final = 64
END_SECONDS: Final = 5.0


class Gathering(Generic[Asked, Answer]):
    """Does what many callers ask for, in as few transactions as their number needs.

    `work` gets a transaction and what was asked, and returns as many answers in the same order; an answer that
    is an exception is raised to its caller. Like all work it may run more than once, and when it raises, its
    transaction is undone and each half tried alone, until what broke it stands alone. Where the database has no
    `writers`, whoever asks does it. It ends with its database.
    """

    def __init__(
        self, database: Database, work: Callable[[Transaction, Sequence[Asked]], Sequence[Answer | Exception]]
    ) -> None:
        self._database = database
        self._work = work
        self._asked: queue.SimpleQueue[tuple[Asked, Future[Answer]] | None] = queue.SimpleQueue()
        self._start = threading.Lock()
        self._threads: list[threading.Thread] = []

    def ask(self, asked: Asked) -> Future[Answer]:
        """Return what will hold the answer once all that it tells of is on disk.

        Its error is StoreUnavailable, or what `work` raises.
        """
        future: Future[Answer] = Future()
        if self._database.writers:
            self._begin()
            self._asked.put((asked, future))
        else:
            self._do([(asked, future)])
        return future

    def _begin(self) -> None:
        with self._start:
            if self._threads:
                return
            for _ in range(self._database.writers):
                thread = threading.Thread(target=self._serve, name="store-gathering", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._database.before_closing(self._end)

    def _end(self) -> None:
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join(END_SECONDS)

    def _serve(self) -> None:
        while (first := self._asked.get()) is not None:
            together = [first]
            while len(together) < MOST_TOGETHER and not self._asked.empty():
                try:
                    another = self._asked.get_nowait()
                except queue.Empty:  # another thread was quicker
                    break
                if another is None:
                    self._asked.put(None)  # keep the wish to end for after this work
                    break
                together.append(another)
            self._do(together)

    def _do(self, together: Sequence[tuple[Asked, Future[Answer]]]) -> None:
        try:
            answers = self._database.transact(lambda tx: self._work(tx, [asked for asked, _ in together]))
        except BaseException as error:  # noqa: BLE001 - it belongs to a caller
            self._undone(together, error)
            return
        for (_, future), answer in zip(together, answers, strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _undone(self, together: Sequence[tuple[Asked, Future[Answer]]], error: BaseException) -> None:
        if len(together) == 1 or isinstance(error, StoreUnavailable):
            for _, future in together:
                future.set_exception(error)
            return
        middle = len(together) // 2
        self._do(together[:middle])
        self._do(together[middle:])
