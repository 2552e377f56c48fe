"""The store of a simulated day: the real one, written in the caller's thread and never flushed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import event

from bridge.store import Database, StoreUnavailable, Transaction

T = TypeVar("T")


class SimulatedDatabase(Database):
    """SQLite without its writer thread. `is_away` says whether the next transaction finds the store away.

    Nothing survives a crash of this process, and nothing needs to.
    """

    def __init__(self, url: str, is_away: Callable[[], bool]) -> None:
        super().__init__(url)
        if self._writer:
            self._writer.close()
            self._writer = None
        self.writers = 0
        self.wakeups = self.woken = RecordedWakeups()
        self._is_away = is_away
        event.listen(self.engine, "connect", _without_flushing)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        if self._is_away():
            raise StoreUnavailable("simulated")
        return super().transact(work)


class RecordedWakeups:
    """Remembers which topics were woken, for whoever looks next."""

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self._counts: Counter[str] = Counter()

    def take(self, topic: str) -> bool:
        """Return whether the topic was woken since it was last asked for."""
        woken = topic in self._topics
        self._topics.discard(topic)
        return woken

    def announce(self, topics: set[str]) -> None:
        self._topics |= topics
        self._counts.update(topics)

    def count(self, topic: str) -> int:
        return self._counts[topic]

    def wake(self, topics: set[str]) -> None:
        self.announce(topics)

    def wait(self, topic: str, seen: int, timeout_seconds: float) -> int:  # noqa: ARG002
        raise RuntimeError("nobody waits in virtual time")

    def close(self) -> None: ...


def _without_flushing(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
