"""Virtual time: what is to happen, in order, and the moment it is now."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

Action = Callable[[], None]


class Timetable:
    """A clock that jumps from one event to the next. What is due together happens in the order it was planned."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._planned: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()

    def __call__(self) -> datetime:
        return self.now

    def at(self, moment: datetime, action: Action) -> None:
        """Plan an action; one for a moment that has passed happens next."""
        heapq.heappush(self._planned, (max(moment, self.now), next(self._order), action))

    def after(self, seconds: float, action: Action) -> None:
        self.at(self.now + timedelta(seconds=seconds), action)

    def every(self, seconds: float, action: Action) -> None:
        """Plan an action for now and again after each so many seconds."""

        def again() -> None:
            action()
            self.after(seconds, again)

        self.after(0, again)

    def run(self, until: datetime, between: Action) -> None:
        """Let everything up to `until` happen; `between` is done after each event, at its moment."""
        while self._planned and self._planned[0][0] <= until:
            self.now, _, action = heapq.heappop(self._planned)
            action()
            between()
        self.now = max(self.now, until)


class SkewedClock:
    """Somebody else's clock, which is off by a constant."""

    def __init__(self, clock: Callable[[], datetime], seconds: float) -> None:
        self._clock = clock
        self._off_by = timedelta(seconds=seconds)

    def __call__(self) -> datetime:
        return self._clock() + self._off_by
