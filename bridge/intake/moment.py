"""Times as bots send them, and how far their clocks are believed (the rule for t_ask)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

CLOCK_UNTRUSTED: Final = "clock_untrusted"
ASKED_AT_CLAMPED: Final = "asked_at_clamped"
TIME_WITHOUT_ZONE: Final = "time_without_zone"
TIME_UNREADABLE: Final = "time_unreadable"

#: how long before its arrival a request for a person may have been made
OLDEST_ASK: Final = timedelta(minutes=10)
#: a clock this far ahead, or a request this old, is a broken clock and no delay
AHEAD: Final = timedelta(minutes=1)
BROKEN: Final = timedelta(days=1)
#: a conversation that began earlier is a wrong clock as well
LONGEST_CONVERSATION: Final = timedelta(days=7)

_SECONDS_END: Final = 1e11  # 5138-11-16; larger numbers are milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A time as a bot sent it. `at` is aware and in UTC; None when it cannot be read."""

    at: datetime | None
    zoned: bool = True  #: False when the zone was missing and UTC was taken


def read_moment(value: Any) -> Moment:
    """Read ISO 8601, or seconds or milliseconds since 1970. Never raises: no handoff fails over a clock."""
    try:
        if isinstance(value, str) and not _is_number(value):
            return _from_iso(value.strip())
        seconds = float(value)
        if isinstance(value, bool) or not math.isfinite(seconds):
            return Moment(at=None)
        seconds = seconds / 1000 if abs(seconds) >= _SECONDS_END else seconds
        return Moment(at=datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError, TypeError):
        return Moment(at=None)


def believed_ask(asked: Moment | None, received_at: datetime) -> tuple[datetime, tuple[str, ...]]:
    """Return when the customer asked, within ten minutes before `received_at`, and flags.

    A missing time counts as `received_at`. So does one that cannot be read, lies more than a minute ahead or
    more than a day back (`clock_untrusted`). What is older than ten minutes is clamped (`asked_at_clamped`).
    """
    if asked is None:
        return received_at, ()
    if asked.at is None or asked.at > received_at + AHEAD or asked.at < received_at - BROKEN:
        return received_at, (CLOCK_UNTRUSTED,)
    if asked.at < received_at - OLDEST_ASK:
        return received_at - OLDEST_ASK, (ASKED_AT_CLAMPED,)
    return min(asked.at, received_at), ()


def believed_start(
    started: Moment | None, asked_at: datetime, received_at: datetime
) -> tuple[datetime | None, tuple[str, ...]]:
    """Return when the conversation began, not after `asked_at`; None when unknown or not to be believed."""
    if started is None:
        return None, ()
    at = started.at
    if at is None or at > received_at + AHEAD or at < received_at - LONGEST_CONVERSATION:
        return None, (CLOCK_UNTRUSTED,)
    return min(at, asked_at), ()


def believed_turn(sent: Moment | None, received_at: datetime) -> datetime | None:
    """Return when a turn was said; None when unknown, unreadable or later than it can have been."""
    if sent is None or sent.at is None or sent.at > received_at + AHEAD:
        return None
    return min(sent.at, received_at)


def _is_number(value: str) -> bool:
    return value.strip().replace(".", "", 1).isdecimal()


def _from_iso(value: str) -> Moment:
    read = datetime.fromisoformat(value)
    zoned = read.utcoffset() is not None
    return Moment(at=(read if zoned else read.replace(tzinfo=UTC)).astimezone(UTC), zoned=zoned)
