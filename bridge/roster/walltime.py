"""Wall-clock times as moments, right across every change of the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from bridge.roster.model import Span, WallHours

SECOND = timedelta(seconds=1)


def in_zone(wall: datetime, zone: str) -> datetime:
    """Return the moment, in UTC, at which clocks in `zone` show the naive time `wall`.

    A time that clocks show twice means the first; one that they skip means the moment of the
    skip. So later wall times never give earlier moments, and shifts that meet on the wall meet.
    """
    local = wall.replace(tzinfo=ZoneInfo(zone), fold=0)
    moment = local.astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == wall:
        return moment
    return _end_of_skip(local.replace(fold=1).astimezone(UTC), moment, zone)


def local_date(at: datetime, zone: str) -> date:
    """Return the calendar day of `zone` in which the aware moment `at` lies."""
    return at.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=16384)
def span_on(hours: WallHours, day: date, zone: str) -> Span | None:
    """Return the real span of `hours` that begin on `day`, or None where a clock change swallows them."""
    opens, closes = _moment(zone, day, hours.opens_minute), _moment(zone, day, hours.closes_minute)
    return Span(starts_at=opens, ends_at=closes) if opens < closes else None


def days_touching(window: Span, zone: str) -> Iterator[date]:
    """Yield every local day whose hours could reach into `window`: hours may run into the next day."""
    day, last = local_date(window.starts_at, zone) - timedelta(days=1), local_date(window.ends_at, zone)
    while day <= last:
        yield day
        day += timedelta(days=1)


@lru_cache(maxsize=256)
def clock_changes(zone: str, first: date, last: date) -> tuple[date, ...]:
    """Return the local days from `first` to `last` during which clocks in `zone` change."""
    days = [first + timedelta(days=passed) for passed in range((last - first).days + 2)]
    return tuple(day for day, following in pairwise(days) if _offset(day, zone) != _offset(following, zone))


def _moment(zone: str, day: date, minute: int) -> datetime:
    return in_zone(datetime.combine(day, time()) + timedelta(minutes=minute), zone)


def _offset(day: date, zone: str) -> timedelta | None:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).utcoffset()


def _end_of_skip(before: datetime, after: datetime, zone: str) -> datetime:
    """Return the moment between `before` and `after` from which clocks in `zone` show the later offset."""
    tz = ZoneInfo(zone)
    later_offset = after.astimezone(tz).utcoffset()
    while after - before > SECOND:
        middle = before + ((after - before) // 2 // SECOND) * SECOND
        if middle.astimezone(tz).utcoffset() == later_offset:
            after = middle
        else:
            before = middle
    return after
