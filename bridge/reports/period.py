"""The time a report is about: half-open, and told in the desk's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.roster.walltime import in_zone, local_date

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """From `starts_at` on and before `ends_at`; both aware. Raises ValueError when no time lies between."""

    starts_at: datetime
    ends_at: datetime
    zone: str

    def __post_init__(self) -> None:
        if self.starts_at.utcoffset() is None or self.ends_at.utcoffset() is None:
            raise ValueError("a period needs times with a zone")
        if self.starts_at >= self.ends_at:
            raise ValueError("a period must end after it starts")

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def in_words(self, now: datetime) -> str:
        """Return it as "from 16 to 22 November"; years are named unless they are this year."""
        first, end = local_date(self.starts_at, self.zone), local_date(self.ends_at, self.zone)
        last = end - DAY
        year = {first.year, last.year} != {local_date(now, self.zone).year}
        if (midnight(first, self.zone), midnight(end, self.zone)) != (self.starts_at, self.ends_at):
            return f"from {self._to_the_minute(self.starts_at, year)} to {self._to_the_minute(self.ends_at, year)}"
        if first == last:
            return f"on {_day(first, year)}"
        if (first.year, first.month) == (last.year, last.month):
            return f"from {first.day} to {_day(last, year)}"
        return f"from {_day(first, year)} to {_day(last, year)}"

    def _to_the_minute(self, at: datetime, year: bool) -> str:
        local = self.local(at)
        return f"{_day(local.date(), year)} {local:%H:%M}"


def midnight(day: date, zone: str) -> datetime:
    """Return the moment, in UTC, at which `day` begins in `zone`."""
    return in_zone(datetime.combine(day, time()), zone)


def _day(day: date, year: bool) -> str:
    return f"{day.day} {day:%B} {day.year}" if year else f"{day.day} {day:%B}"
