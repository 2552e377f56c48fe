"""What is kept in mind of a vendor's account between calls, such as its groups by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

#: agents and groups change seldom; one that we miss is looked for again after the shorter time
KEPT: Final = timedelta(minutes=10)
KEPT_IN_DOUBT: Final = timedelta(seconds=60)

Row = TypeVar("Row")


class KeptTable(Generic[Row]):
    """A table read now and then, and again when something asked for is missing. Safe for threads."""

    def __init__(self, read: Callable[[], Mapping[Any, Row]], clock: Callable[[], datetime]) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: Mapping[Any, Row] = {}
        self._read_at: datetime | None = None

    def get(self, key: Any) -> Row | None:
        """Return the row under this key, None when there is none. Raises what reading raises."""
        with self._lock:
            kept = KEPT if key in self._rows else KEPT_IN_DOUBT
            if self._read_at is None or self._clock() - self._read_at > kept:
                self._rows, self._read_at = self._read(), self._clock()
            return self._rows.get(key)

    def forget(self) -> None:
        """Read again next time."""
        with self._lock:
            self._read_at = None
