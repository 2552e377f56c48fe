"""The journal: every call that came to a stand-in or went out from one."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from sandbox.clock import Clock, system_clock

LENGTH = 2_000  #: entries kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One call as it went. `status` is None when no answer was given or seen."""

    number: int  #: from 1, never used again
    at: datetime
    vendor: str
    method: str  #: "WEBHOOK" for what a vendor sends out
    path: str
    status: int | None
    fault: str | None = None  #: the fault that spoiled it
    milliseconds: int = 0


class Journal:
    """The last calls, oldest first. Safe for threads."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=LENGTH)
        self._count = 0

    def note(
        self,
        vendor: str,
        method: str,
        path: str,
        status: int | None,
        *,
        fault: str | None = None,
        milliseconds: int = 0,
    ) -> None:
        with self._lock:
            self._count += 1
            entry = Entry(
                number=self._count,
                at=self._clock(),
                vendor=vendor,
                method=method,
                path=path,
                status=status,
                fault=fault,
                milliseconds=milliseconds,
            )
            self._entries.append(entry)

    def entries(self, after: int = 0) -> tuple[Entry, ...]:
        """Return what came after the entry with that number."""
        with self._lock:
            return tuple(entry for entry in self._entries if entry.number > after)

    def clear(self) -> None:
        """Forget the entries; their numbers stay used."""
        with self._lock:
            self._entries.clear()
