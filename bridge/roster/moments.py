"""A moment as people write it: 18:00, 6pm, tomorrow 9:00, mon 9:00, 2026-11-21T18:22."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bridge.roster.walltime import in_zone, local_date

WAYS: Final = "18:00, tomorrow 9:00, mon 9:00 or 2026-11-21T18:22"
DAY: Final = timedelta(days=1)
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: letters by which a weekday is known
SHORTEST: Final = 3
NOON_HOUR: Final = 12

_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")


def moment_of(words: str, now: datetime, zone: str) -> datetime | None:
    """Return the moment, in UTC, that `words` name on the clocks of `zone`; None where they name none.

    A time of day alone is the next time that clocks show it, a weekday the next such day, today included
    while the time is still to come. A written date without a zone of its own is in `zone`.
    """
    said = " ".join(words.casefold().split())
    if said == "now":
        return now.astimezone(UTC)
    return _written_out(words.strip(), zone) or _on_a_day(said, now, zone)


def minute_of(words: str) -> int | None:
    """Return the minute of the day that `words` name, as in "22:00" or "10pm"; None where they name none."""
    at = _clock(" ".join(words.casefold().split()))
    return at.hour * 60 + at.minute if at else None


def _written_out(words: str, zone: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(words)
        return in_zone(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _on_a_day(said: str, now: datetime, zone: str) -> datetime | None:
    first, _, rest = said.partition(" ")
    today = local_date(now, zone)
    if first in ("today", "tomorrow"):
        at = _clock(rest)
        return _at(today + (DAY if first == "tomorrow" else timedelta()), at, zone) if at else None
    weekday = _weekday(first)
    at = _clock(said if weekday is None else rest)
    if at is None:
        return None
    day = today if weekday is None else today + DAY * ((weekday - today.weekday()) % len(WEEKDAYS))
    moment = _at(day, at, zone)
    if moment > now:
        return moment
    return _at(day + (DAY if weekday is None else DAY * len(WEEKDAYS)), at, zone)


def _at(day: date, at: time, zone: str) -> datetime:
    return in_zone(datetime.combine(day, at), zone)


def _weekday(word: str) -> int | None:
    found = [
        number for number, name in enumerate(WEEKDAYS) if len(word) >= SHORTEST and name.startswith(word)
    ]
    return found[0] if len(found) == 1 else None


def _clock(said: str) -> time | None:
    """Return the time of day; a bare number such as "9" is none, for it could be anything."""
    match = _CLOCK.fullmatch(said)
    if match is None or (match[2] is None and match[3] is None):
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half and not 1 <= hour <= NOON_HOUR:
        return None
    if half:
        hour = hour % NOON_HOUR + (NOON_HOUR if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None
