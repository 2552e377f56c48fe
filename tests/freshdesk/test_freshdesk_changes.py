"""Following what changed: nothing lost at the edge of a page or a second, and few calls of a scarce kind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from freshdesk_account import HANDOFF
from stand_ins import NOON

from bridge.delivery.workbench import POLL_EVERY
from connectors.errors import Busy
from connectors.freshdesk.rates import CHANGES
from sandbox.freshdesk import GROWTH
from sandbox.server import serve


def ids(page):
    return [ticket.ref.id for ticket in page.tickets]


def follow(helpdesk, cursor, clock):
    """Return the ids of all pages that wait, and the cursor after them."""
    found = []
    for _ in range(20):
        page = helpdesk.changes(cursor, clock())
        found += ids(page)
        cursor = page.cursor
        if not page.more:
            return found, cursor
    pytest.fail("the pages have no end")


def caught_up(helpdesk, clock):
    clock.forward(seconds=60)
    return follow(helpdesk, None, clock)[1]


def new_tickets(account, count):
    return [str(account.freshdesk.new_ticket("Hello", f"c{n}@customer.example", "Hi")) for n in range(count)]


def test_a_first_look_goes_back_a_few_minutes(helpdesk, account, clock):
    [old] = new_tickets(account, 1)
    clock.forward(seconds=400)
    [fresh] = new_tickets(account, 1)
    page = helpdesk.changes(None, clock())
    assert ids(page) == [fresh] != [old]
    assert page.more is False


def test_a_poll_may_begin_at_any_moment(helpdesk, account, clock):
    began = clock()
    [old] = new_tickets(account, 1)
    clock.forward(hours=20)
    assert follow(helpdesk, helpdesk.cursor_at(began), clock)[0] == [old]
    assert follow(helpdesk, helpdesk.cursor_at(clock()), clock)[0] == []


def test_a_changed_ticket_names_its_handoff(helpdesk, opened, clock):
    [ticket] = helpdesk.changes(None, clock()).tickets
    assert (ticket.ref, ticket.handoff_id) == (opened, HANDOFF)


def test_a_changed_ticket_without_its_key_is_known_by_its_tag(helpdesk, account, opened, clock):
    account.ticket(opened)["custom_fields"].clear()
    [ticket] = helpdesk.changes(None, clock()).tickets
    assert ticket.handoff_id == HANDOFF


def test_a_strangers_ticket_names_none(helpdesk, account, clock):
    new_tickets(account, 1)
    [ticket] = helpdesk.changes(None, clock()).tickets
    assert ticket.handoff_id is None


def test_what_was_seen_does_not_come_again(helpdesk, account, opened, clock):
    cursor = caught_up(helpdesk, clock)
    for _ in range(3):
        clock.forward(seconds=30)
        found, cursor = follow(helpdesk, cursor, clock)
        assert found == []


def test_each_change_comes_once_it_happened(helpdesk, account, opened, clock):
    cursor = caught_up(helpdesk, clock)
    account.freshdesk.reply(int(opened.id), 4601, "hello")
    clock.forward(seconds=30)
    found, cursor = follow(helpdesk, cursor, clock)
    assert found == [opened.id]
    account.freshdesk.reply(int(opened.id), 4601, "hello again")
    clock.forward(seconds=30)
    assert follow(helpdesk, cursor, clock)[0] == [opened.id]


def test_two_changes_within_one_second_are_both_seen(helpdesk, account, opened, clock):
    cursor = caught_up(helpdesk, clock)
    clock.forward(seconds=0.2)
    account.freshdesk.customer_writes(int(opened.id), "hello?")
    found, cursor = follow(helpdesk, cursor, clock)
    assert found == [opened.id]
    clock.forward(seconds=0.5)
    account.freshdesk.reply(int(opened.id), 4601, "hello")
    clock.forward(seconds=30)
    assert follow(helpdesk, cursor, clock)[0] == [opened.id]


def test_pages_of_equal_times_lose_nothing(helpdesk, account, clock):
    wanted = new_tickets(account, 250)
    found, cursor = follow(helpdesk, None, clock)
    assert set(found) == set(wanted)
    clock.forward(seconds=60)
    new = new_tickets(account, 1)
    assert set(new) <= set(follow(helpdesk, cursor, clock)[0])


def test_a_ticket_that_moves_between_two_pages_pushes_none_off(helpdesk, account, clock):
    wanted = []
    for _ in range(130):
        clock.forward(seconds=1)
        wanted += new_tickets(account, 1)
    first = helpdesk.changes(None, clock())
    account.freshdesk.reply(int(wanted[0]), 4601, "moves to the end of the list")
    rest, _ = follow(helpdesk, first.cursor, clock)
    assert first.more
    assert set(ids(first)) | set(rest) == set(wanted)


@pytest.mark.parametrize("spam", [True, False])
def test_fault_25_deleted_and_spam_come_within_a_few_rounds(helpdesk, account, opened, clock, spam):
    cursor = caught_up(helpdesk, clock)
    account.freshdesk.delete(int(opened.id), spam=spam)
    found = []
    for _ in range(8):
        clock.forward(seconds=30)
        some, cursor = follow(helpdesk, cursor, clock)
        found += some
    assert found == [opened.id]


def test_a_hundred_open_handoffs_cost_one_call_a_round(helpdesk, account, clock):
    account.freshdesk.limits.limits = GROWTH
    for ticket_id in new_tickets(account, 100):
        account.freshdesk.store.tickets[int(ticket_id)]["tags"].append(f"ho_{ticket_id:0>28}")
    cursor = caught_up(helpdesk, clock)
    account.journal.clear()
    for _ in range(8):
        clock.forward(seconds=30)
        _, cursor = follow(helpdesk, cursor, clock)
    assert len(account.calls()) == 8 + 3 * 2  # and two more each third round, for the deleted and the spam
    assert set(account.calls()) == {"GET tickets"}


def test_the_limit_of_lists_is_named_and_waited_for(helpdesk, account, clock):
    account.freshdesk.limits.limits = GROWTH
    for _ in range(20):
        helpdesk.changes(None, clock())
    with pytest.raises(Busy) as caught:
        helpdesk.changes(None, clock())
    assert caught.value.limit == CHANGES
    assert caught.value.retry_after == timedelta(minutes=1)


def test_polling_leaves_lists_for_finding_lost_tickets(helpdesk):
    assert helpdesk.limits[CHANGES].calls < 20


def test_a_cursor_of_somebody_else_starts_anew(helpdesk, opened, clock):
    for cursor in ("start:12", "{}", '{"places": {}}', "null"):
        assert ids(helpdesk.changes(cursor, clock())) == [opened.id]


def test_a_link_to_another_server_is_not_followed(connect, clock):
    asked = []
    api = FastAPI()

    @api.get("/{path:path}")
    def anything(path: str, page: str = "1") -> JSONResponse:
        asked.append((path, page))
        row = {"id": 7, "updated_at": "2026-11-02T11:59:00Z"}
        return JSONResponse([row], headers={"Link": '</stolen>; rel="next"'})

    with serve(api) as running:
        helpdesk = connect(base_url=running.url)
        helpdesk.changes(helpdesk.changes(None, clock()).cursor, clock())
    assert {path for path, _ in asked} == {"api/v2/tickets"}


def test_rows_that_are_no_tickets_are_passed_over(helpdesk, account, clock):
    rows = '[{"id": 7, "updated_at": null}, {"id": "x"}, 5, null, {"id": 8, "tags": null, "custom_fields": null}]'
    account.goes_wrong("GET tickets", "status", status=200, body=rows)
    assert ids(helpdesk.changes(None, NOON)) == ["7", "8"]


@pytest.mark.parametrize("happens", ["reply", "delete", "spam"])
@pytest.mark.parametrize("rounds_before", range(4))
def test_whatever_happens_is_shown_within_two_minutes_by_the_bridges_polls(
    helpdesk, account, clock, happens, rounds_before
):
    [ticket] = new_tickets(account, 1)
    cursor = caught_up(helpdesk, clock)
    for _ in range(rounds_before):
        clock.forward(seconds=POLL_EVERY.total_seconds())
        cursor = follow(helpdesk, cursor, clock)[1]
    clock.forward(seconds=1)
    if happens == "reply":
        account.freshdesk.reply(int(ticket), 4601, "Hello")
    else:
        account.freshdesk.delete(int(ticket), spam=happens == "spam")
    happened, found = clock(), []
    clock.forward(seconds=-1)
    while ticket not in found:
        clock.forward(seconds=POLL_EVERY.total_seconds())
        assert clock() - happened < timedelta(minutes=2)
        found, cursor = follow(helpdesk, cursor, clock)
