"""Shifts on the days when clocks change, and by property through a whole year."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosters import daily, local, override, roster, shift, utc, weekly

from bridge.roster.on_duty import duties, gaps, on_duty
from bridge.roster.walltime import clock_changes, in_zone, span_on

RIGA, NEW_YORK, LORD_HOWE, KOLKATA = "Europe/Riga", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"
ZONES = (RIGA, NEW_YORK, LORD_HOWE, KOLKATA)


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        (RIGA, "2026-03-28", 7),
        (RIGA, "2026-10-24", 9),
        (NEW_YORK, "2026-03-07", 7),
        (NEW_YORK, "2026-10-31", 9),
        (LORD_HOWE, "2026-10-03", 7.5),
        (LORD_HOWE, "2026-04-04", 8.5),
        (KOLKATA, "2026-03-28", 8),
    ],
)
def test_a_night_of_eight_hours_follows_the_clock_on_the_wall(zone, night, hours):
    held = roster(shift("night", "23:00-07:00", zone=zone))

    duty = on_duty(held, "whatsapp", local(f"{night}T23:30", zone))

    assert duty is not None
    assert duty.ends_at - duty.starts_at == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        (RIGA, "2026-03-29T03:30", "2026-03-29T01:00"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:00"),
        (LORD_HOWE, "2026-10-04T02:15", "2026-10-03T15:30"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),  # a whole day that never was
    ],
)
def test_a_time_that_clocks_skip_is_the_moment_of_the_skip(zone, wall, moment):
    assert in_zone(datetime.fromisoformat(wall), zone) == utc(moment)


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        (RIGA, "2026-10-25T03:30", "2026-10-25T00:30"),
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30"),
        (LORD_HOWE, "2026-04-05T01:45", "2026-04-04T14:45"),
    ],
)
def test_a_time_that_clocks_show_twice_is_the_first_of_both(zone, wall, moment):
    assert in_zone(datetime.fromisoformat(wall), zone) == utc(moment)


def test_fault_37_shifts_that_meet_in_a_skipped_hour_still_meet():
    """Two shifts meet in an hour that the spring change skips: they meet at the moment of the skip, without a gap."""
    held = roster(
        shift("early", "22:00-02:30", zone=NEW_YORK),
        shift("late", "02:30-06:00", zone=NEW_YORK, owners=("ravi",)),
    )

    found = duties(held, "whatsapp", utc("2026-03-08T06:00"), utc("2026-03-08T08:00"))

    assert [(duty.owner, duty.ends_at) for duty in found] == [
        ("asha", utc("2026-03-08T07:00")),
        ("ravi", utc("2026-03-08T08:00")),
    ]


def test_fault_38_a_hand_over_in_an_hour_that_comes_twice_happens_once():
    """A shift ends in the hour that comes twice in autumn: at the first of both, once."""
    held = roster(
        shift("early", "17:00-01:30", zone=NEW_YORK),
        shift("late", "01:30-09:00", zone=NEW_YORK, owners=("ravi",)),
    )

    found = duties(held, "whatsapp", local("2026-10-31T20:00", NEW_YORK), local("2026-11-01T08:00", NEW_YORK))

    assert [duty.owner for duty in found] == ["asha", "ravi"]
    assert found[1].starts_at == local("2026-11-01T01:30", NEW_YORK)
    assert on_duty(held, "whatsapp", local("2026-11-01T01:10", NEW_YORK, second_time=True)).owner == "ravi"


def test_hours_inside_a_skipped_hour_do_not_exist_that_day():
    held = shift("short", "02:10-02:50", zone=NEW_YORK)

    assert span_on(held.hours, date(2026, 3, 8), NEW_YORK) is None
    assert span_on(held.hours, date(2026, 3, 9), NEW_YORK) is not None


def test_a_rotation_counts_days_and_not_24_hours_across_a_clock_change():
    held = roster(shift(hours="00:00-24:00", zone=RIGA, **daily("2026-03-28", "asha", "ravi", "meera")))

    days = ["2026-03-28T23:59", "2026-03-29T00:00", "2026-03-29T23:59", "2026-03-30T00:00"]

    assert [on_duty(held, "whatsapp", local(day, RIGA)).owner for day in days] == [
        "asha",
        "ravi",
        "ravi",
        "meera",
    ]


def test_a_shift_s_own_zone_counts_and_not_the_desk_s():
    held = roster(shift(zone=NEW_YORK, hours="09:00-17:00"))

    assert on_duty(held, "whatsapp", local("2026-11-02T09:00", NEW_YORK)) is not None
    assert on_duty(held, "whatsapp", local("2026-11-02T09:00", KOLKATA)) is None


def test_the_days_of_a_clock_change_are_found():
    year = date(2026, 1, 1), date(2026, 12, 31)

    assert clock_changes(RIGA, *year) == (date(2026, 3, 29), date(2026, 10, 25))
    assert clock_changes(KOLKATA, *year) == ()


moments = st.integers(0, 365 * 24 * 3600).map(lambda passed: utc("2026-01-01") + timedelta(seconds=passed))
clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")


@st.composite
def shifts(draw: st.DrawFn):
    opens, closes = draw(st.lists(clock, min_size=2, max_size=2, unique=True))
    days = ",".join(draw(st.sets(st.sampled_from(("mon", "wed", "sat", "sun")), min_size=1)))
    turns = draw(st.sampled_from((weekly, daily)))("2026-06-01", "asha", "ravi", "meera")
    return shift(
        draw(st.uuids()).hex,
        f"{opens}-{closes}",
        days,
        zone=draw(st.sampled_from(ZONES)),
        backup="ravi",
        **turns,
    )


@st.composite
def rosters(draw: st.DrawFn):
    spans = draw(st.lists(st.tuples(moments, st.integers(1, 60)), max_size=3))
    made = tuple(override(start, start + timedelta(hours=hours), "meera") for start, hours in spans)
    return roster(*draw(st.lists(shifts(), max_size=4)), overrides=made)


@given(held=rosters(), at=moments)
def test_whoever_is_on_duty_at_any_moment_of_a_year_has_it_alone_and_is_backed_by_another(held, at):
    duty = on_duty(held, "whatsapp", at)

    if duty is not None:
        assert duty.starts_at <= at < duty.ends_at
        assert duty.backup != duty.owner
        assert on_duty(held, "whatsapp", duty.starts_at) == duty
        assert on_duty(held, "whatsapp", duty.ends_at) != duty


@given(held=rosters(), start=moments, asked=st.integers(0, 14 * 24 * 60))
def test_duties_and_gaps_together_say_what_on_duty_says(held, start, asked):
    end, at = start + timedelta(days=14), start + timedelta(minutes=asked)
    inside = [duty for duty in duties(held, "whatsapp", start, end) if duty.starts_at <= at < duty.ends_at]
    in_gap = [gap for gap in gaps(held, "whatsapp", start, end) if gap.starts_at <= at < gap.ends_at]

    now = on_duty(held, "whatsapp", at) if at < end else None

    assert len(inside) + len(in_gap) == (1 if at < end else 0)
    assert [(duty.shift, duty.owner) for duty in inside] == ([(now.shift, now.owner)] if now else [])


@given(zone=st.sampled_from(ZONES), day=st.dates(date(2026, 1, 1), date(2026, 12, 31)), data=st.data())
def test_later_on_the_wall_is_never_earlier_in_time(zone, day, data):
    earlier, later = sorted(data.draw(st.lists(st.integers(0, 2879), min_size=2, max_size=2)))
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a time on the wall

    first, second = (in_zone(midnight + timedelta(minutes=minute), zone) for minute in (earlier, later))

    assert first <= second
