"""Waking those who wait for work, without asking the store again and again.

The process that commits wakes its own threads at once. Other processes hear of it by NOTIFY on PostgreSQL; on
SQLite they notice by the file's version number. A wake-up may be lost; whoever waits also looks by itself from
time to time.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Final, Protocol

import psycopg
from sqlalchemy import Engine

from bridge.store.engines import POSTGRES

CHANNEL: Final = "handoff_bridge"
SQLITE_LOOK_SECONDS: Final = 0.05
#: where no other process has committed for `ALONE_SECONDS`; waking up is what an idle process spends most on
SQLITE_LOOK_ALONE_SECONDS: Final = 0.25
ALONE_SECONDS: Final = 60.0
#: while this process commits, what other processes may have committed beside it is looked for at each so many looks
LOOKS_IN_DOUBT: Final = 5
RECONNECT_SECONDS: Final = 1.0
#: who is told so often is busy anyway; the first to be told after a pause waits for nothing
TELL_EVERY_SECONDS: Final = 0.01
TELL: Final = "SELECT pg_notify(%s, topic) FROM unnest(%s::text[]) AS topic"


class Wakeups(Protocol):
    def announce(self, topics: set[str]) -> None:
        """Wake the waiting of every process: what they wait for is committed."""

    def wake(self, topics: set[str]) -> None:
        """Wake the waiting of this process."""

    def count(self, topic: str) -> int:
        """Return how often `topic` was woken in this process, as far as it has heard."""
        ...

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

    def count(self, topic: str) -> int:
        with self._lock:
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

    def announce(self, topics: set[str]) -> None:
        self.wake(topics)

    def wake(self, topics: set[str]) -> None:
        self._commits += 1
        if topics:
            self._bell.ring(topics)

    def count(self, topic: str) -> int:
        return self._bell.count(topic)

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
            last, ours, in_doubt, heard_at = None, -1, 0, time.monotonic()
            while not self._stop.wait(_until_next_look(heard_at)):
                version = raw.cursor().execute("PRAGMA data_version").fetchone()
                if version == last and not in_doubt:
                    continue
                # Our own commits move the version too, and have rung already: only now and then are they doubted.
                if self._commits == ours:
                    in_doubt, heard_at = LOOKS_IN_DOUBT, time.monotonic()
                else:
                    in_doubt += 1
                last, ours = version, self._commits
                if in_doubt >= LOOKS_IN_DOUBT:
                    in_doubt = 0
                    self._bell.ring_all()
        finally:
            raw.close()


def _until_next_look(heard_at: float) -> float:
    """Return how many seconds to wait before looking for other processes' commits; the last was seen at `heard_at`."""
    alone = time.monotonic() - heard_at > ALONE_SECONDS
    return SQLITE_LOOK_ALONE_SECONDS if alone else SQLITE_LOOK_SECONDS


class NotifyWakeups:
    """For PostgreSQL: one connection that listens, opened when somebody first waits, and one that tells.

    NOTIFY inside the transactions themselves would make them take turns: it locks out every other one until the
    commit is on disk. Told on a connection of its own, what several commits announce is one transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._bell = _Bell()
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._stop = threading.Event()
        self._listening = False
        self._start = threading.Lock()
        self._untold: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._telling = False
        self._own_pid = 0

    def announce(self, topics: set[str]) -> None:
        self.wake(topics)
        for topic in topics:
            self._untold.put(topic)
        if topics and not self._telling:
            self._begin_to_tell()

    def wake(self, topics: set[str]) -> None:
        if topics:
            self._bell.ring(topics)

    def count(self, topic: str) -> int:
        return self._bell.count(topic)

    def wait(self, topic: str, seen: int, timeout_seconds: float) -> int:
        with self._start:
            if not self._listening:
                self._listening = True
                threading.Thread(target=self._listen, name="store-listen", daemon=True).start()
        return self._bell.wait(topic, seen, timeout_seconds)

    def close(self) -> None:
        self._stop.set()
        self._untold.put(None)
        self._bell.ring_all()

    def _begin_to_tell(self) -> None:
        with self._start:
            if not self._telling:
                self._telling = True
                threading.Thread(target=self._tell, name="store-tell", daemon=True).start()

    def _tell(self) -> None:
        while not self._stop.is_set():
            try:
                self._tell_while_connected()
            except psycopg.Error:
                self._stop.wait(RECONNECT_SECONDS)

    def _tell_while_connected(self) -> None:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            self._own_pid = connection.info.backend_pid
            while not self._stop.is_set():
                if topics := self._take_untold():
                    connection.execute(TELL, (CHANNEL, topics))
                    self._stop.wait(TELL_EVERY_SECONDS)

    def _take_untold(self) -> list[str]:
        """Wait for a topic; return it with those that have come meanwhile, each once."""
        found = {self._untold.get()}
        while not self._untold.empty():
            found.add(self._untold.get())
        return [topic for topic in found if topic is not None]

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen_once()
            except psycopg.Error:
                time.sleep(RECONNECT_SECONDS)

    def _listen_once(self) -> None:
        with psycopg.connect(self._url, autocommit=True, **POSTGRES) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._bell.ring_all()  # whatever was sent before we listened
            while not self._stop.is_set():
                for notify in connection.notifies(timeout=1.0):
                    if notify.pid != self._own_pid:  # our own bell has rung already
                        self._bell.ring({notify.payload})


def wakeups_for(engine: Engine) -> Wakeups:
    return ProcessWakeups(engine) if engine.dialect.name == "sqlite" else NotifyWakeups(engine)
