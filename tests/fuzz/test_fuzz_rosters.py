"""The arithmetic of duty, over shifts, zones and the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from fuzzing import tries
from hypothesis import given
from hypothesis import strategies as st
from rosters import override

from bridge.roster.model import Roster, Rotation, Shift, WallHours
from bridge.roster.on_duty import duties, gaps, next_duty, on_duty
from bridge.roster.walltime import span_on

ZONES = (
    "Asia/Kolkata", "America/New_York", "Europe/Riga", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia",
    "Africa/Casablanca", "Asia/Kathmandu", "America/Santiago", "Africa/Cairo", "UTC",
)  # fmt: skip
#: around the changes of spring and autumn, north and south, and a plain week
STARTS = tuple(
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in [(3, 6), (3, 27), (4, 3), (9, 4), (9, 25), (10, 2), (10, 23), (10, 30), (6, 10)]
)
PEOPLE = ("asha", "ravi", "meera")
starts = st.sampled_from(STARTS)
minutes = st.integers(0, 6 * 24 * 60)


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    opens, lasts = draw(st.integers(0, 1439)), draw(st.integers(1, 1440))
    return Shift(
        name=draw(st.uuids()).hex,
        channels=("whatsapp",),
        days=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        hours=WallHours(opens_minute=opens, closes_minute=opens + lasts),
        zone=draw(st.sampled_from(ZONES)),
        owners=tuple(draw(st.permutations(PEOPLE))),
        rotation=draw(st.sampled_from(Rotation)),
        rotation_start=date(2026, 1, 5),
        backup=draw(st.none() | st.sampled_from(PEOPLE)),
    )


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    made = draw(st.lists(st.tuples(starts, minutes, st.integers(1, 4000)), max_size=2))
    return Roster(
        zone="UTC",
        shifts=tuple(draw(st.lists(shifts(), max_size=4))),
        overrides=tuple(
            override(begin + timedelta(minutes=after), begin + timedelta(minutes=after + lasts), "meera")
            for begin, after, lasts in made
        ),
    )


@given(held=rosters(), start=starts)
@tries(30)
def test_duties_and_gaps_fill_a_week_without_meeting_twice(held, start):
    end = start + timedelta(days=7)
    spans = sorted(
        (one.starts_at, one.ends_at)
        for one in (*duties(held, "whatsapp", start, end), *gaps(held, "whatsapp", start, end))
    )
    assert (spans[0][0], spans[-1][1]) == (start, end)
    assert all(one[1] == following[0] for one, following in pairwise(spans))
    assert all(begins < ends for begins, ends in spans)


@given(held=rosters(), start=starts, after=minutes)
@tries(30)
def test_at_each_moment_there_is_one_owner_or_a_gap(held, start, after):
    at = start + timedelta(minutes=after)
    end = start + timedelta(days=7)
    duty = on_duty(held, "whatsapp", at)
    in_gap = [gap for gap in gaps(held, "whatsapp", start, end) if gap.starts_at <= at < gap.ends_at]
    assert (duty is None) == (len(in_gap) == 1)
    if duty is not None:
        assert duty.starts_at <= at < duty.ends_at
        assert duty.backup != duty.owner
        assert on_duty(held, "whatsapp", duty.ends_at - timedelta(microseconds=1)) == duty
        assert on_duty(held, "whatsapp", duty.ends_at) != duty


@given(held=rosters(), start=starts, after=minutes)
@tries(30)
def test_the_next_duty_begins_later_and_with_nobody_between_who_is_not_told(held, start, after):
    at = start + timedelta(minutes=after)
    coming = next_duty(held, "whatsapp", at)
    if coming is None:
        return
    assert coming.starts_at > at
    assert on_duty(held, "whatsapp", coming.starts_at) == coming
    now = on_duty(held, "whatsapp", at)
    free_from = now.ends_at if now else at
    between = duties(held, "whatsapp", free_from, max(free_from, coming.starts_at))
    assert between == ()


@given(shift=shifts(), start=starts, ahead=st.integers(0, 6))
@tries(60)
def test_hours_last_what_the_wall_says_give_or_take_a_change_of_the_clock(shift, start, ahead):
    day = (start + timedelta(days=ahead)).date()
    span = span_on(shift.hours, day, shift.zone)
    wall = timedelta(minutes=shift.hours.closes_minute - shift.hours.opens_minute)
    if span is None:
        assert wall <= timedelta(hours=1)  # no clock skips more than an hour in these years
        return
    lasts = span.ends_at - span.starts_at
    offsets = {
        moment.astimezone(ZoneInfo(shift.zone)).utcoffset() for moment in (span.starts_at, span.ends_at)
    }
    assert abs(lasts - wall) <= timedelta(hours=1)
    assert lasts == wall or len(offsets) == 2
