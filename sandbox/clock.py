"""Where the stand-ins take the time from, so that a test can hold it still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]  #: returns an aware moment in UTC


def system_clock() -> datetime:
    return datetime.now(UTC)
