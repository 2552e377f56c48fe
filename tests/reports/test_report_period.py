"""The period in the desk's own days, and how it is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from report_cases import KOLKATA, LATER

from bridge.reports.period import Period, midnight


def days(first: str, end: str, zone: str = KOLKATA) -> Period:
    starts_at, ends_at = (midnight(date.fromisoformat(day), zone) for day in (first, end))
    return Period(starts_at=starts_at, ends_at=ends_at, zone=zone)


@pytest.mark.parametrize(
    ("first", "end", "said"),
    [
        ("2026-11-16", "2026-11-23", "from 16 to 22 November"),
        ("2026-11-16", "2026-11-17", "on 16 November"),
        ("2026-11-30", "2026-12-07", "from 30 November to 6 December"),
        ("2025-11-16", "2025-11-23", "from 16 to 22 November 2025"),
        ("2025-12-29", "2026-01-05", "from 29 December 2025 to 4 January 2026"),
    ],
)
def test_whole_days_are_said_as_days(first, end, said):
    assert days(first, end).in_words(LATER) == said


def test_parts_of_a_day_are_said_to_the_minute():
    start = datetime(2026, 11, 16, 3, 30, tzinfo=UTC)
    period = Period(starts_at=start, ends_at=start + timedelta(hours=8), zone=KOLKATA)
    assert period.in_words(LATER) == "from 16 November 09:00 to 16 November 17:00"


def test_a_day_is_as_long_as_its_clock_change_makes_it():
    spring, autumn = (
        days("2026-03-29", "2026-03-30", "Europe/Riga"),
        days("2026-10-25", "2026-10-26", "Europe/Riga"),
    )
    assert spring.ends_at - spring.starts_at == timedelta(hours=23)
    assert autumn.ends_at - autumn.starts_at == timedelta(hours=25)
    assert spring.in_words(LATER) == "on 29 March"


def test_a_day_whose_midnight_is_skipped_begins_with_the_skip():
    """Clocks in Beirut go from 00:00 to 01:00."""
    period = days("2026-03-29", "2026-03-30", "Asia/Beirut")
    assert period.starts_at == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert period.in_words(LATER) == "on 29 March"


@pytest.mark.parametrize("end", ["2026-11-16", "2026-11-15"])
def test_a_period_without_time_in_it_is_refused(end):
    with pytest.raises(ValueError, match="must end after"):
        days("2026-11-16", end)
