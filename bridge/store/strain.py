"""What the store has cost us of late: transactions run again, and work it could not keep."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

#: a refusal that is older says nothing of the store as it is now
LATELY: Final = timedelta(seconds=5)


class Strain:
    """Counts by reason, since this process began. Safe for threads.

    `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._repeats: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._last: tuple[float, str] | None = None

    def repeated(self, reason: str) -> None:
        """A whole transaction is run again."""
        with self._lock:
            self._repeats[reason] += 1

    def refused(self, reason: str) -> None:
        """The store kept nothing of what it was given."""
        with self._lock:
            self._refusals[reason] += 1
            self._last = (self._clock(), reason)

    def refused_lately(self) -> str | None:
        """Return why the store refused work a moment ago; None when it did not."""
        with self._lock:
            last = self._last
        if last is None or self._clock() - last[0] > LATELY.total_seconds():
            return None
        return last[1]

    def repeats(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._repeats)

    def refusals(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._refusals)
