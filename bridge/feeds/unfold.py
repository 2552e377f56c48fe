"""Turn a calendar's text into events, in a process that may be ended: nothing hostile reaches this one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any, Final

from bridge.feeds.model import FeedEvent
from bridge.roster.model import Span

#: a team's calendar of years is some hundred kilobytes
MOST_BYTES: Final = 5 * 1024 * 1024
PATIENCE_SECONDS: Final = 4.5
#: what is unfolded of a calendar: a little of what was, for reports, and the weeks that a roster looks ahead
BACK: Final = timedelta(days=2)
AHEAD: Final = timedelta(days=35)


class FeedRefused(Exception):
    """The calendar cannot be used. The text is safe to log and to show."""


def unfold(calendar: bytes, zone: str, now: datetime) -> tuple[FeedEvent, ...]:
    """Return the events around `now`, in order. Times without a zone are in `zone`. Raises FeedRefused."""
    if len(calendar) > MOST_BYTES:
        raise FeedRefused(f"the calendar is larger than {MOST_BYTES // 1024 // 1024} MB")
    edges = (now - BACK).isoformat(), (now + AHEAD).isoformat()
    command = [sys.executable, "-m", "bridge.feeds.unfolding", *edges, zone]
    try:
        ended = subprocess.run(  # noqa: S603 - our own module, and moments and a zone that we wrote
            command, input=calendar, capture_output=True, timeout=PATIENCE_SECONDS, check=True
        )
        told = json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        raise FeedRefused("the calendar takes too long to read") from None
    except (subprocess.CalledProcessError, ValueError):
        raise FeedRefused("the calendar takes too much time or memory to read") from None
    if "refused" in told:
        raise FeedRefused(told["refused"])
    events = tuple(map(_event, told["events"]))
    return tuple(event for event in events if event.span.starts_at < event.span.ends_at)


def _event(told: dict[str, Any]) -> FeedEvent:
    starts_at, ends_at = (datetime.fromisoformat(told[name]) for name in ("starts_at", "ends_at"))
    return FeedEvent(
        span=Span(starts_at=starts_at, ends_at=ends_at), title=told["title"], emails=tuple(told["emails"])
    )
