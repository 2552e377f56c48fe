"""Promises and ladders: when each rung is due, and what is refused."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter
from rosters import local, roster, shift

from bridge.roster.model import WallHours
from bridge.sla.due import LAST_CALL, before_closing, due_times, promised_at
from bridge.sla.model import Calendar, CalendarKind, Opening, Policy, Rung, Step, StepKind

QUARTER = timedelta(minutes=15)
START = local("2026-11-02T10:00")
OPENINGS = tuple(
    Opening(weekday=day, hours=WallHours(opens_minute=9 * 60, closes_minute=18 * 60)) for day in range(5)
)
OFFICE = Calendar(
    kind=CalendarKind.HOURS, zone="Asia/Kolkata", openings=OPENINGS, holidays=(date(2026, 11, 4),)
)


def rungs(*percents: int) -> tuple[Rung, ...]:
    return tuple(Rung(number=number, at_percent=percent) for number, percent in enumerate(percents, start=1))


def test_each_rung_is_due_at_its_share_of_the_promise():
    policy = Policy(name="standard", respond_within=QUARTER, ladder=rungs(50, 100, 200))

    due = due_times(policy, START, roster(), "whatsapp")

    assert due == tuple(START + timedelta(minutes=minutes) for minutes in (7.5, 15, 30))
    assert promised_at(policy, START, roster(), "whatsapp") == START + QUARTER


def test_a_rung_with_a_fixed_time_is_due_so_long_after_the_start():
    ladder = (Rung(number=1, after=timedelta(minutes=2)), Rung(number=2, at_percent=100))
    policy = Policy(name="mixed", respond_within=QUARTER, ladder=ladder)

    assert due_times(policy, START, roster(), "whatsapp")[0] == START + timedelta(minutes=2)


def test_shares_over_100_go_on_in_the_same_calendar():
    policy = Policy(name="office", respond_within=timedelta(hours=1), calendar=OFFICE, ladder=rungs(50, 150))

    due = due_times(policy, local("2026-11-02T17:00"), roster(), "email")

    assert due == (local("2026-11-02T17:30"), local("2026-11-03T09:30"))


def test_a_promise_in_shift_hours_waits_for_the_next_shift():
    calendar = Calendar(kind=CalendarKind.SHIFT)
    policy = Policy(name="shift", respond_within=QUARTER, calendar=calendar)

    promised = promised_at(policy, local("2026-11-02T20:00"), roster(shift()), "whatsapp")

    assert promised == local("2026-11-03T09:15")


def test_a_policy_without_a_ladder_promises_all_the_same():
    assert due_times(Policy(name="bare", respond_within=QUARTER), START, roster(), "web") == ()


def test_a_policy_comes_back_from_json_as_it_was():
    steps = (Step(kind=StepKind.PAGE, target="lead"), Step(kind=StepKind.TELL_CUSTOMER))
    ladder = (Rung(number=1, at_percent=50, steps=steps), Rung(number=2, after=timedelta(hours=5)))
    policy = Policy(
        name="office", respond_within=timedelta(hours=4), window=QUARTER, calendar=OFFICE, ladder=ladder
    )
    adapter = TypeAdapter(Policy)

    frozen = json.dumps(adapter.dump_python(policy, mode="json"))

    assert adapter.validate_python(json.loads(frozen)) == policy


@pytest.mark.parametrize("percents", [(100, 50), (50, 50)])
def test_a_ladder_that_does_not_rise_is_refused(percents):
    with pytest.raises(ValueError, match="does not rise"):
        Policy(name="falling", respond_within=QUARTER, ladder=rungs(*percents))


def test_a_promise_in_no_time_is_refused():
    with pytest.raises(ValueError, match="no time"):
        Policy(name="none", respond_within=timedelta(0))


@pytest.mark.parametrize(
    ("kind", "target"), [(StepKind.PAGE, None), (StepKind.MOVE_GROUP, ""), (StepKind.TAG_LEAD, "meera")]
)
def test_a_step_has_a_target_just_when_it_needs_one(kind, target):
    with pytest.raises(ValueError, match="target"):
        Step(kind=kind, target=target)


@pytest.mark.parametrize("given", [{}, {"at_percent": 50, "after": QUARTER}])
def test_a_rung_has_one_point_in_time(given):
    with pytest.raises(ValueError, match="not both"):
        Rung(number=1, **given)


def test_a_calendar_with_hours_of_its_own_needs_them():
    with pytest.raises(ValueError, match="openings"):
        Calendar(kind=CalendarKind.HOURS, zone="Asia/Kolkata")


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("due_in", "closes_in", "comes_in"),
    [
        (HOUR, None, HOUR),  # a channel that does not close
        (HOUR, -HOUR, HOUR),  # and one that has closed
        (HOUR, timedelta(0), HOUR),
        (HOUR, HOUR + LAST_CALL, HOUR),  # just in time
        (HOUR, 2 * LAST_CALL, LAST_CALL),
        (3 * HOUR, 2 * HOUR, 2 * HOUR - LAST_CALL),
        (3 * HOUR, timedelta(minutes=20), timedelta(minutes=10)),  # half of what is left
        (-HOUR, timedelta(minutes=20), -HOUR),  # what is overdue is no more than that
    ],
)
def test_what_is_due_after_a_channel_closes_is_brought_before_it(due_in, closes_in, comes_in):
    closes_at = None if closes_in is None else START + closes_in

    assert before_closing(START + due_in, closes_at, START) == START + comes_in
