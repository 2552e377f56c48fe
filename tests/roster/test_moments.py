"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.roster.moments import minute_of, moment_of

KOLKATA = "Asia/Kolkata"
NOW = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)  # Saturday, 18:22 in Kolkata


@pytest.mark.parametrize(
    ("words", "local"),
    [
        ("now", "2026-11-21T18:22"),
        ("19:00", "2026-11-21T19:00"),
        ("18.30", "2026-11-21T18:30"),
        ("6:30 PM", "2026-11-21T18:30"),
        ("7pm", "2026-11-21T19:00"),
        ("12am", "2026-11-22T00:00"),
        ("9:00", "2026-11-22T09:00"),
        ("today 9:00", "2026-11-21T09:00"),
        ("tomorrow  9:00", "2026-11-22T09:00"),
        ("mon 9:00", "2026-11-23T09:00"),
        ("Saturday 20:00", "2026-11-21T20:00"),
        ("sat 9:00", "2026-11-28T09:00"),
        ("2026-11-25T18:22", "2026-11-25T18:22"),
        ("2026-11-25 18:22", "2026-11-25T18:22"),
        ("2026-11-25T18:22+00:00", "2026-11-25T23:52"),
    ],
)
def test_a_moment_is_read_on_the_clocks_of_its_zone(words, local):
    at = moment_of(words, NOW, KOLKATA)

    assert at is not None
    assert at.utcoffset() == NOW.utcoffset()
    assert at == datetime.fromisoformat(f"{local}+05:30")


@pytest.mark.parametrize(
    "words", ["", "9", "soon", "25:00", "13pm", "0am", "tomorrow", "s 9:00", "t 9:00", "10:99", "9999-99-99"]
)
def test_what_names_no_moment_is_none(words):
    assert moment_of(words, NOW, KOLKATA) is None


def test_tomorrow_counts_days_and_not_hours_where_the_clocks_change():
    before = datetime(2026, 3, 28, 11, 0, tzinfo=UTC)

    at = moment_of("tomorrow 12:00", before, "Europe/Riga")

    assert at == datetime(2026, 3, 29, 9, 0, tzinfo=UTC)  # an hour of that day is skipped


@pytest.mark.parametrize(
    ("words", "minute"), [("22:00", 1320), ("7am", 420), ("0:05", 5), ("late", None), ("", None)]
)
def test_a_time_of_day_is_read_as_its_minute(words, minute):
    assert minute_of(words) == minute
