"""Counted time: calendars that are always open, follow the shifts or keep hours of their own."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosters import KOLKATA, local, override, roster, shift, utc

from bridge.desk import words
from bridge.sla.due import working_add
from bridge.sla.model import Calendar, CalendarKind, Opening

NOBODY = roster()
SHIFT_HOURS = Calendar(kind=CalendarKind.SHIFT)


def office(hours: dict[str, str], *holidays: str, zone: str = KOLKATA) -> Calendar:
    openings = tuple(
        Opening(weekday=day, hours=words.hours(span))
        for days, spans in hours.items()
        for day in sorted(words.days(days))
        for span in spans.split()
    )
    days_off = tuple(date.fromisoformat(day) for day in holidays)
    return Calendar(kind=CalendarKind.HOURS, zone=zone, openings=openings, holidays=days_off)


def add(calendar: Calendar, start: datetime, held=NOBODY, **duration: float) -> datetime:
    return working_add(calendar, start, timedelta(**duration), held, "whatsapp")


def test_a_calendar_that_is_always_open_adds_real_hours_across_a_clock_change():
    assert add(Calendar(), local("2026-03-29T01:00", "Europe/Riga"), hours=4) == utc("2026-03-29T03:00")


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-02T10:00", 30, "2026-11-02T10:30"),
        ("2026-11-02T17:00", 60, "2026-11-02T18:00"),  # right up to the closing
        ("2026-11-02T17:30", 60, "2026-11-03T09:30"),  # half tonight, half tomorrow
        ("2026-11-02T06:00", 15, "2026-11-02T09:15"),  # before the opening
        ("2026-11-06T17:45", 30, "2026-11-09T09:15"),  # over a weekend
        ("2026-11-07T12:00", 15, "2026-11-09T09:15"),
        ("2026-11-02T10:00", 9 * 60 * 5, "2026-11-09T10:00"),  # one whole week
    ],
)
def test_office_hours_count_while_they_are_open(start, minutes, due):
    calendar = office({"mon-fri": "09:00-18:00"})

    assert add(calendar, local(start), minutes=minutes) == local(due)


def test_fault_46_a_holiday_does_not_open():
    """A promise runs over a public holiday: that day does not count towards it."""
    calendar = office({"mon-fri": "09:00-18:00"}, "2026-11-03")

    assert add(calendar, local("2026-11-02T17:30"), hours=1) == local("2026-11-04T09:30")


def test_hours_that_begin_on_a_holiday_are_closed_after_midnight_too():
    calendar = office({"daily": "20:00-02:00"}, "2026-11-03")

    assert add(calendar, local("2026-11-04T01:00"), hours=1) == local("2026-11-04T21:00")


def test_a_break_at_noon_does_not_count():
    calendar = office({"daily": "09:00-12:00 13:00-18:00"})

    assert add(calendar, local("2026-11-02T11:30"), hours=1) == local("2026-11-02T13:30")


@pytest.mark.parametrize("spans", ["09:00-13:00 12:00-18:00", "09:00-18:00 10:00-11:00"])
def test_hours_that_overlap_count_once(spans):
    calendar = office({"daily": spans})

    assert add(calendar, local("2026-11-02T09:00"), hours=9) == local("2026-11-02T18:00")


def test_hours_over_a_clock_change_last_as_long_as_they_do():
    calendar = office({"sat": "22:00-06:00"}, zone="Europe/Riga")  # seven hours that night

    assert add(calendar, local("2026-03-28T22:00", "Europe/Riga"), hours=7) == utc("2026-03-29T03:00")
    assert add(calendar, local("2026-03-28T22:00", "Europe/Riga"), hours=7.5) > utc("2026-04-04T19:00")


def test_shift_hours_count_while_anybody_is_on_duty_for_the_channel():
    held = roster(shift(hours="09:00-17:00", days="mon-fri"))

    assert add(SHIFT_HOURS, local("2026-11-06T16:45"), held, minutes=30) == local("2026-11-09T09:15")


def test_shift_hours_of_another_channel_do_not_count():
    held = roster(shift("mail", "00:00-24:00", channels=("email",)), shift("chat", "09:00-17:00"))

    assert add(SHIFT_HOURS, local("2026-11-02T18:00"), held, hours=1) == local("2026-11-03T10:00")


def test_time_left_when_the_calendar_never_opens_again_runs_on():
    last = override(local("2026-11-02T09:00"), local("2026-11-02T09:20"), "asha")
    start = local("2026-11-02T09:00")

    assert add(SHIFT_HOURS, start, minutes=15) == start + timedelta(minutes=15)  # nobody, ever
    assert add(SHIFT_HOURS, start, roster(overrides=(last,)), hours=1) == start + timedelta(hours=1)


def test_a_calendar_that_hardly_opens_makes_no_promise_without_end():
    calendar = office({"mon": "09:00-09:15"})
    start = local("2026-11-02T08:00")

    due = add(calendar, start, days=31 * 10)

    assert start + timedelta(days=365 * 10) < due < start + timedelta(days=365 * 12)


def test_nothing_added_changes_nothing_even_while_closed():
    start = local("2026-11-07T12:00")

    assert add(office({"mon-fri": "09:00-18:00"}), start, minutes=0) == start


def test_a_start_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        add(Calendar(), datetime(2026, 11, 2), hours=1)  # noqa: DTZ001 - the fault under test


quarter_hours = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
hours_of_day = st.lists(quarter_hours, min_size=2, max_size=2, unique=True).map("-".join)
calendars = st.builds(
    lambda days, zone: office(days, "2026-03-29", "2026-11-01", zone=zone),
    st.dictionaries(st.sampled_from(("mon", "wed-thu", "sat", "sun")), hours_of_day, min_size=1),
    st.sampled_from(("Europe/Riga", "America/New_York", KOLKATA, "Australia/Lord_Howe")),
)
starts = st.integers(0, 365 * 24 * 60).map(lambda passed: utc("2026-01-01") + timedelta(minutes=passed))
durations = st.integers(0, 2 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@given(calendar=calendars, start=starts, one=durations, other=durations)
def test_more_time_is_never_due_earlier(calendar, start, one, other):
    shorter, longer = sorted((one, other))

    first = working_add(calendar, start, shorter, NOBODY, "whatsapp")
    second = working_add(calendar, start, longer, NOBODY, "whatsapp")

    assert start <= first <= second
    assert second - start >= longer


@given(calendar=calendars, one=starts, other=starts, duration=durations)
def test_a_later_start_is_never_due_earlier(calendar, one, other, duration):
    earlier, later = sorted((one, other))

    first = working_add(calendar, earlier, duration, NOBODY, "whatsapp")

    assert first <= working_add(calendar, later, duration, NOBODY, "whatsapp")


@given(calendar=calendars, start=starts, one=durations, other=durations)
def test_time_added_in_two_parts_comes_to_the_same(calendar, start, one, other):
    between = working_add(calendar, start, one, NOBODY, "whatsapp")

    in_parts = working_add(calendar, between, other, NOBODY, "whatsapp")

    assert in_parts == working_add(calendar, start, one + other, NOBODY, "whatsapp")
