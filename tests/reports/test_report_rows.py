"""What is read from the store, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from report_cases import ASKED, CALLBACK, LATER, after, received, stored, week

from bridge.handoffs.model import Outcome as Ending
from bridge.handoffs.model import State, TicketRef
from bridge.reports.honest import Outcome, judge
from bridge.reports.rows import received_in
from bridge.sla.model import Policy

MICROSECOND = timedelta(microseconds=1)


def ids(database, account_id="main"):
    with database.read() as connection:
        return [handoff.handoff_id for handoff in received_in(connection, account_id, week())]


def one(database):
    with database.read() as connection:
        (found,) = received_in(connection, "main", week())
    return found


def test_a_handoff_is_read_with_its_times_its_shift_and_its_window(database, keep, note):
    times = {
        "started_at": after(minutes=-5),
        "ticketed_at": after(seconds=1),
        "carded_at": after(seconds=2),
        "answered_at": after(minutes=3),
        "delivered_at": after(minutes=4),
        "closed_at": after(hours=1),
    }
    handoff = stored(callback_url=CALLBACK, **times)
    keep(handoff)
    note(handoff, "answered")
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


def test_what_people_and_customers_said_is_read_from_the_timeline(database, keep, note):
    moved, judged, silent = stored("moved", rating="good"), stored("judged"), stored("silent")
    keep(moved, judged, silent)
    note(moved, "rerouted")
    note(judged, "context_rated", verdict="helped")
    note(judged, "context_rated", verdict="re_asked")
    with database.read() as connection:
        found = {one.handoff_id: one for one in received_in(connection, "main", week())}
    assert (found["moved"].rerouted, found["moved"].rating) == (True, "good")
    assert (found["judged"].rerouted, found["judged"].re_asked) == (False, True)
    assert (found["silent"].re_asked, found["silent"].rating) == (None, None)


def test_people_who_were_helped_did_not_have_to_ask_again(database, keep, note):
    judged = stored("judged")
    keep(judged)
    note(judged, "context_rated", verdict="helped")
    assert one(database).re_asked is False


def test_the_window_is_the_one_frozen_on_the_handoff(database, keep):
    keep(stored(policy=Policy(name="slow", respond_within=timedelta(hours=8)), window=timedelta(minutes=3)))
    assert one(database).window_ends_at == after(minutes=3)


def test_an_address_given_after_the_answer_leaves_a_hit_a_hit(database, keep, note):
    without = stored(answered_at=after(minutes=3))
    keep(stored(answered_at=after(minutes=3), callback_url=CALLBACK))
    note(without, "answered")
    found = one(database)
    assert (found.relayed, found.reached_at) == (False, after(minutes=3))
    assert judge(found, found.window_ends_at, LATER) is Outcome.IN_TIME


def test_an_answer_the_bot_was_told_of_has_not_reached_the_customer_before_it_is_taken(database, keep, note):
    handoff = stored(answered_at=after(minutes=3), callback_url=CALLBACK)
    keep(handoff)
    note(handoff, "answered")
    assert judge(one(database), one(database).window_ends_at, LATER) is Outcome.NOT_DELIVERED


def test_other_events_told_to_the_bot_relay_no_answer(database, keep, note):
    handoff = stored(answered_at=after(minutes=3), callback_url=CALLBACK)
    keep(handoff)
    note(handoff, "accepted", "resolved")
    assert one(database).relayed is False


def test_an_answer_told_for_one_handoff_says_nothing_of_another(database, keep, note):
    mine, other = (stored(name, answered_at=after(minutes=3), callback_url=CALLBACK) for name in ("a", "b"))
    keep(mine, other)
    note(other, "answered")
    with database.read() as connection:
        found = {handoff.handoff_id: handoff.relayed for handoff in received_in(connection, "main", week())}
    assert found == {"a": False, "b": True}


@pytest.mark.parametrize(("address", "relayed"), [(CALLBACK, True), (None, False)])
def test_before_the_answer_the_address_tells_whether_it_will_be_relayed(database, keep, address, relayed):
    keep(stored(callback_url=address))
    assert one(database).relayed is relayed


TICKET = TicketRef(connection="helpdesk", id="7")
DUPLICATE = {
    "state": State.RESOLVED,
    "outcome": Ending.DUPLICATE,
    "closed_at": after(minutes=5),
    "ticket": TICKET,
}


def merged_away(database):
    with database.read() as connection:
        return [one.handoff_id for one in received_in(connection, "main", week()) if one.merged_away]


def test_a_duplicate_on_the_ticket_of_one_that_goes_on_is_merged_away(database, keep):
    keep(stored("ho_1", ticket=TICKET), stored("ho_2", **DUPLICATE))
    assert merged_away(database) == ["ho_2"]


@pytest.mark.parametrize(
    "other",
    [
        {"ticket": TicketRef(connection="helpdesk", id="8")},
        {"ticket": TicketRef(connection="another", id="7")},
        {"ticket": TICKET, "state": State.RESOLVED, "closed_at": after(minutes=4)},
        {"ticket": TICKET, "test": True},
        {"ticket": TICKET, "account_id": "other"},
        {"ticket": TICKET, "received_at": after(minutes=6)},
        DUPLICATE,
    ],
    ids=[
        "another ticket",
        "another helpdesk",
        "over before",
        "a test",
        "another account",
        "later",
        "also one",
    ],
)
def test_a_duplicate_of_nothing_that_goes_on_stays_in_the_number(database, keep, other):
    keep(stored("ho_1", **other), stored("ho_2", **DUPLICATE))
    assert merged_away(database) == []
