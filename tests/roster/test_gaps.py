"""When nobody holds a channel."""

from __future__ import annotations

from datetime import timedelta

from rosters import local, override, roster, shift

from bridge.roster.model import Gap
from bridge.roster.on_duty import duties, gaps

MONDAY, TUESDAY = local("2026-11-02T00:00"), local("2026-11-03T00:00")


def test_gaps_are_what_the_shifts_leave_open():
    held = roster(shift("morning", "09:00-17:00"), shift("evening", "18:00-24:00"))

    found = gaps(held, "whatsapp", MONDAY, TUESDAY)

    assert [(gap.starts_at, gap.ends_at) for gap in found] == [
        (MONDAY, local("2026-11-02T09:00")),
        (local("2026-11-02T17:00"), local("2026-11-02T18:00")),
    ]


def test_a_channel_without_shifts_is_one_gap():
    assert gaps(roster(shift()), "email", MONDAY, TUESDAY) == (
        Gap(channel="email", starts_at=MONDAY, ends_at=TUESDAY),
    )


def test_shifts_that_follow_each_other_leave_no_gap():
    held = roster(shift("a", "00:00-08:00"), shift("b", "08:00-16:00"), shift("c", "16:00-24:00"))

    assert gaps(held, "whatsapp", MONDAY, MONDAY + timedelta(days=28)) == ()


def test_an_override_closes_a_gap_while_it_lasts():
    cover = override(local("2026-11-02T06:00"), local("2026-11-02T09:00"), "ravi")
    held = roster(shift(), overrides=(cover,))

    found = gaps(held, "whatsapp", MONDAY, local("2026-11-02T12:00"))

    assert [(gap.starts_at, gap.ends_at) for gap in found] == [(MONDAY, local("2026-11-02T06:00"))]


def test_an_empty_span_has_neither_gap_nor_duty():
    assert gaps(roster(), "whatsapp", MONDAY, MONDAY) == ()
    assert duties(roster(shift()), "whatsapp", TUESDAY, MONDAY) == ()


def test_duties_are_cut_to_the_span_asked_for():
    start, end = local("2026-11-02T10:00"), local("2026-11-02T11:00")

    (duty,) = duties(roster(shift()), "whatsapp", start, end)

    assert (duty.starts_at, duty.ends_at) == (start, end)
