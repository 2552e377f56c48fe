"""Waking those who wait for work, without asking the store again and again.

PostgreSQL tells every process by NOTIFY, in the same transaction. On SQLite the process that
commits wakes its own threads, and other processes notice by the file's version number.
A wake-up may be lost; whoever waits also looks by itself from time to time.
"""

from __future__ import annotations

import threading
import time
from typing import Final, Protocol

import psycopg
from sqlalchemy import Connection, Engine, text

CHANNEL: Final = "handoff_bridge"
SQLITE_LOOK_SECONDS: Final = 0.05
#: while this process commits, what other processes may have committed beside it is looked for at each so many looks
LOOKS_IN_DOUBT: Final = 5
RECONNECT_SECONDS: Final = 1.0


class Wakeups(Protocol):
    def send(self, connection: Connection, topics: set[str]) -> None:
        """Wake the waiting when the transaction of `connection` is committed."""

    def wake(self, topics: set[str]) -> None:
        """Wake the waiting of this process now."""

    def wait(self, topic: str, seen: int, timeout_seconds: float) -> int:
        """Wait until `topic` was woken since `seen`, at most so long; return what to pass next time."""
        ...

    def close(self) -> None: ...


class _Bell:
    """Counts the calls for each topic; a waiter returns as soon as the count of its topic has moved."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._topics: dict[str, threading.Condition] = {}
        self._counts: dict[str, int] = {}
        self._everything = 0

    def ring(self, topics: set[str]) -> None:
        with self._lock:
            for topic in topics:
                self._counts[topic] = self._counts.get(topic, 0) + 1
                self._topic(topic).notify_all()

    def ring_all(self) -> None:
        with self._lock:
            self._everything += 1
            for topic in self._topics.values():
                topic.notify_all()

    def wait(self, topic: str, seen: int, timeout_seconds: float) -> int:
        with self._lock:
            self._topic(topic).wait_for(lambda: self._count(topic) != seen, timeout_seconds)
            return self._count(topic)

    def _topic(self, topic: str) -> threading.Condition:
        # One for each, so that who waits for clocks is not roused by every delivery.
        return self._topics.setdefault(topic, threading.Condition(self._lock))

    def _count(self, topic: str) -> int:
        return self._counts.get(topic, 0) + self._everything


class ProcessWakeups:
    """For SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._bell = _Bell()
        self._engine = engine
        self._stop = threading.Event()
        self._watching = False
        self._start = threading.Lock()
        self._commits = 0  #: of this process, so far

    def send(self, connection: Connection, topics: set[str]) -> None:  # noqa: ARG002
        self._bell.ring(topics)

    def wake(self, topics: set[str]) -> None:
        self._commits += 1
        if topics:
            self._bell.ring(topics)

    def wait(self, topic: str, seen: int, timeout_seconds: float) -> int:
        with self._start:
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="store-watch", daemon=True).start()
        return self._bell.wait(topic, seen, timeout_seconds)

    def close(self) -> None:
        self._stop.set()
        self._bell.ring_all()

    def _watch(self) -> None:
        raw = self._engine.raw_connection()
        try:
            last, ours, in_doubt = None, -1, 0
            while not self._stop.wait(SQLITE_LOOK_SECONDS):
                version = raw.cursor().execute("PRAGMA data_version").fetchone()
                if version == last and not in_doubt:
                    continue
                # Our own commits move the version too, and have rung already: only now and then are they doubted.
                in_doubt = in_doubt + 1 if self._commits != ours else LOOKS_IN_DOUBT
                last, ours = version, self._commits
                if in_doubt >= LOOKS_IN_DOUBT:
                    in_doubt = 0
                    self._bell.ring_all()
        finally:
            raw.close()


class NotifyWakeups:
    """For PostgreSQL: a connection of its own that listens, opened when somebody first waits."""

    def __init__(self, engine: Engine) -> None:
        self._bell = _Bell()
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._stop = threading.Event()
        self._listening = False
        self._start = threading.Lock()

    def send(self, connection: Connection, topics: set[str]) -> None:
        for topic in topics:
            connection.execute(
                text("SELECT pg_notify(:channel, :topic)"), {"channel": CHANNEL, "topic": topic}
            )

    def wake(self, topics: set[str]) -> None:
        self._bell.ring(topics)

    def wait(self, topic: str, seen: int, timeout_seconds: float) -> int:
        with self._start:
            if not self._listening:
                self._listening = True
                threading.Thread(target=self._listen, name="store-listen", daemon=True).start()
        return self._bell.wait(topic, seen, timeout_seconds)

    def close(self) -> None:
        self._stop.set()
        self._bell.ring_all()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen_once()
            except psycopg.Error:
                time.sleep(RECONNECT_SECONDS)

    def _listen_once(self) -> None:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._bell.ring_all()  # whatever was sent before we listened
            while not self._stop.is_set():
                for notify in connection.notifies(timeout=1.0):
                    self._bell.ring({notify.payload})


def wakeups_for(engine: Engine) -> Wakeups:
    return ProcessWakeups(engine) if engine.dialect.name == "sqlite" else NotifyWakeups(engine)
