"""A calendar's events, and how much its last good reading can still be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.roster.model import Span

AMBER_AFTER: Final = timedelta(hours=24)
RED_AFTER: Final = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedEvent:
    """Somebody's time in a calendar: `title` or one of `emails` says whose."""

    span: Span
    title: str = ""
    emails: tuple[str, ...] = ()


class Freshness(StrEnum):
    """How old the last good reading of a feed is."""

    FRESH = "fresh"
    AMBER = "amber"  #: over a day
    RED = "red"  #: over three days, or never read


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What is kept of one feed. `read_at` is None before the first good reading."""

    feed: str
    events: tuple[FeedEvent, ...]
    read_at: datetime | None
    problem: str | None  #: why the last try failed, in plain words; None when it did not

    def freshness(self, now: datetime) -> Freshness:
        if self.read_at is None or now - self.read_at >= RED_AFTER:
            return Freshness.RED
        return Freshness.AMBER if now - self.read_at >= AMBER_AFTER else Freshness.FRESH
