"""Following changed tickets: a minute behind, page after page, none lost at a page's end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bridge.delivery.workbench import POLL_EVERY
from connectors.base import Once
from connectors.errors import AccessDenied
from connectors.zendesk import client as zendesk_client


@pytest.fixture
def ref(helpdesk, draft):
    return helpdesk.open_ticket(draft(), Once(key="dlv_open")).ref


def test_a_change_shows_when_a_minute_has_passed(desk, helpdesk, ref):
    desk.clock.forward(seconds=30)
    early = helpdesk.changes(None, desk.clock.now)
    desk.clock.forward(seconds=40)
    later = helpdesk.changes(early.cursor, desk.clock.now)
    assert early.tickets == ()
    assert [(one.ref.id, one.handoff_id) for one in later.tickets] == [(ref.id, "hof_0001")]


def test_a_ticket_shows_once_for_each_change(desk, helpdesk, ref):
    desk.clock.forward(minutes=2)
    first = helpdesk.changes(None, desk.clock.now)
    quiet = helpdesk.changes(first.cursor, desk.clock.now)
    desk.zendesk.reply(int(ref.id), 3601, "I am on it")
    desk.clock.forward(minutes=2)
    again = helpdesk.changes(quiet.cursor, desk.clock.now)
    assert [len(page.tickets) for page in (first, quiet, again)] == [1, 0, 1]


def test_trap_6_a_page_that_ends_inside_one_second_loses_nothing(desk, helpdesk, monkeypatch):
    monkeypatch.setattr(zendesk_client, "CHANGES_AT_ONCE", 2)
    made = [desk.zendesk.new_ticket(f"Ticket {number}", "lena@customer.example", "Hi") for number in range(5)]
    desk.clock.forward(minutes=2)
    seen, cursor, more = [], None, True
    while more:
        page = helpdesk.changes(cursor, desk.clock.now)
        seen += [int(one.ref.id) for one in page.tickets]
        cursor, more = page.cursor, page.more
    assert seen == made


def test_tickets_of_others_carry_no_handoff(desk, helpdesk):
    desk.zendesk.new_ticket("Not ours", "lena@customer.example", "Hi")
    desk.clock.forward(minutes=2)
    (row,) = helpdesk.changes(None, desk.clock.now).tickets
    assert row.handoff_id is None


def test_a_deleted_ticket_is_among_the_changes(desk, helpdesk, ref):
    desk.zendesk.delete(int(ref.id))
    desk.clock.forward(minutes=2)
    assert [one.ref.id for one in helpdesk.changes(None, desk.clock.now).tickets] == [ref.id]


def test_only_an_admin_may_follow_changes(desk, helpdesk):
    desk.zendesk.store.users[3600]["role"] = "agent"
    with pytest.raises(AccessDenied):
        helpdesk.changes(None, desk.clock.now)


def test_a_recorded_page_is_read(desk, helpdesk, vendor_file, monkeypatch):
    recorded = json.loads(vendor_file("zendesk/recorded/incremental-tickets-cursor.json").read_text())
    pages = [one["response"]["body"] for one in recorded["interactions"] if "cursor" in one["request"]["uri"]]
    monkeypatch.setattr(helpdesk._client, "changed_since", lambda start: pages[0])
    page = helpdesk.changes(None, desk.clock.now)
    assert page.cursor == "MTcwNzI3MTc0MS4wfHw0MDQ1fA=="
    assert page.more is False
    assert page.tickets[0].ref.id == "28"


def test_a_poll_may_begin_at_any_moment_also_one_too_young_for_the_export(desk, helpdesk, ref):
    began = desk.clock.now
    desk.clock.forward(minutes=30)
    desk.zendesk.reply(int(ref.id), 3601, "I am on it")
    desk.clock.forward(minutes=3)
    far, young = (helpdesk.cursor_at(moment) for moment in (began, desk.clock.now))
    assert [len(helpdesk.changes(cursor, desk.clock.now).tickets) for cursor in (far, young)] == [1, 0]


def test_whatever_happens_is_shown_within_two_minutes_by_the_bridges_polls(desk, helpdesk, ref):
    desk.clock.forward(minutes=2)
    cursor = helpdesk.changes(None, desk.clock.now).cursor
    desk.clock.forward(seconds=1)
    desk.zendesk.delete(int(ref.id))
    happened, found = desk.clock.now, []
    while ref.id not in found:
        desk.clock.forward(seconds=POLL_EVERY.total_seconds())
        assert desk.clock.now - happened < timedelta(minutes=2)
        page = helpdesk.changes(cursor, desk.clock.now)
        found, cursor = [one.ref.id for one in page.tickets], page.cursor
