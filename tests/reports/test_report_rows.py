"""What is read from the store, on both databases."""

from __future__ import annotations

from datetime import timedelta

from report_cases import ASKED, CALLBACK, after, received, stored, week

from bridge.reports.rows import received_in
from bridge.sla.model import Policy

MICROSECOND = timedelta(microseconds=1)


def ids(database, account_id="main"):
    with database.read() as connection:
        return [handoff.handoff_id for handoff in received_in(connection, account_id, week())]


def test_a_handoff_is_read_with_its_times_its_shift_and_its_window(database, keep):
    times = {
        "started_at": after(minutes=-5),
        "ticketed_at": after(seconds=1),
        "carded_at": after(seconds=2),
        "answered_at": after(minutes=3),
        "delivered_at": after(minutes=4),
        "closed_at": after(hours=1),
    }
    keep(stored(callback_url=CALLBACK, **times))
    with database.read() as connection:
        assert received_in(connection, "main", week()) == [received(relayed=True, **times)]


def test_a_gap_and_a_bot_that_relays_nothing_are_read_as_such(database, keep):
    keep(stored(shift=None, named_owner=None))
    with database.read() as connection:
        assert received_in(connection, "main", week()) == [received(shift=None, named_owner=None)]


def test_the_period_holds_its_first_moment_and_not_its_last(database, keep):
    start, end = week().starts_at, week().ends_at
    at = {"before": start - MICROSECOND, "first": start, "last": end - MICROSECOND, "next": end}
    keep(*(stored(name, received_at=moment, asked_at=moment) for name, moment in at.items()))
    assert ids(database) == ["first", "last"]


def test_a_handoff_belongs_to_the_week_it_was_received_in_whenever_it_was_answered(database, keep):
    keep(stored("slow", answered_at=ASKED + timedelta(days=30)))
    assert ids(database) == ["slow"]


def test_no_account_sees_another_s_handoffs(database, keep):
    keep(stored("ours"), stored("theirs", account_id="other"))
    assert (ids(database), ids(database, "other")) == (["ours"], ["theirs"])


def test_the_window_is_the_one_frozen_on_the_handoff(database, keep):
    keep(stored(policy=Policy(name="slow", respond_within=timedelta(hours=8)), window=timedelta(minutes=3)))
    with database.read() as connection:
        (found,) = received_in(connection, "main", week())
    assert found.window_ends_at == after(minutes=3)
