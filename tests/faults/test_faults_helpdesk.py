"""Helpdesks in trouble, and tickets that people do unexpected things to."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests
from running_shop import ASHA, FALLBACK, RAVI
from vendor_shop import TICKETS, a_shop, a_still_shop

from bridge.delivery import budgets
from bridge.store import tables
from connectors.errors import EVERYTHING

ORPHANED = "deleted or marked as spam"


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with a_still_shop(sqlite_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def shop_on_either_store(database_url, tmp_path):
    with a_still_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def freshdesk_shop(sqlite_url, tmp_path):
    with a_still_shop(sqlite_url, tmp_path, helpdesk="freshdesk") as shop:
        yield shop


def waiting(shop, **parts):
    """Hand over, let ticket and card be made, and return handoff and ticket."""
    handoff = shop.hand_over(**parts)
    shop.pay()
    return handoff, shop.ticket(handoff)


def polled(shop):
    """Let the poll see what happened, once the helpdesk shows it."""
    shop.helpdesk.send_webhooks_to(None)
    shop.pass_time(minutes=3)


def told(shop, words):
    return [line for line in shop.lines(FALLBACK) if words in line]


def test_fault_18_an_hour_of_5xx_opens_the_breaker_and_cards_and_ladder_go_on(shop):
    """5xx for an hour: the breaker opens; cards say "Ticket pending", the ladder runs, tickets come at last."""
    shop.goes_wrong("zendesk", "*", "status", times=100_000, status=503)
    handoffs = [shop.hand_over() for _ in range(2)]
    shop.pass_time(minutes=60)
    assert len(shop.answers("zendesk", "*")) < 60 * 4 + 30
    (breaker,) = shop.rows(tables.budgets, connection="zendesk", lane=EVERYTHING)
    assert breaker.failures > budgets.BREAKER_OPENS
    for handoff in handoffs:
        assert shop.card_says(handoff, "Ticket pending")
        assert [row.event for row in shop.events(handoff, "escalated")] == ["escalated"] * 4
    shop.sandbox.script.clear()
    shop.pass_time(minutes=6)
    assert len({shop.ticket(handoff) for handoff in handoffs}) == len(shop.tickets()) == 2
    assert all(shop.card_says(handoff, f"Ticket {shop.ticket(handoff)}") for handoff in handoffs)
    assert all(len(shop.cards(handoff)) == 1 for handoff in handoffs)


def test_fault_18_a_running_bridge_outlives_a_helpdesk_that_answers_5xx(sqlite_url, tmp_path, monkeypatch):
    """5xx while the bridge runs: people are called in the chat at the minute, and the ticket follows."""
    monkeypatch.setattr(budgets, "PROBE_EVERY", timedelta(seconds=0.5))
    with a_shop(sqlite_url, tmp_path, minutes=0.06) as shop:
        shop.goes_wrong("zendesk", "*", "status", times=100_000, status=502)
        handoffs = [shop.hand_over() for _ in range(5)]
        for handoff in handoffs:
            shop.until("the card", lambda handoff=handoff: shop.card_says(handoff, "Ticket pending"))
            shop.until("the backup's call", lambda handoff=handoff: shop.events(handoff, "escalated"))
        assert len(shop.answers("zendesk", "*")) < 60
        shop.sandbox.script.clear()
        assert len({shop.ticket(handoff) for handoff in handoffs}) == 5


@pytest.mark.parametrize(
    ("helpdesk", "status"), [("zendesk", 200), ("zendesk", 404), ("freshdesk", 201), ("freshdesk", 404)]
)
def test_fault_20_a_page_of_html_is_a_failure_and_makes_no_second_ticket(
    sqlite_url, tmp_path, helpdesk, status
):
    """HTML in place of an answer, with 200 too: a failure like any other; the ticket is looked for and opened once."""
    with a_still_shop(sqlite_url, tmp_path, helpdesk=helpdesk) as shop:
        shop.goes_wrong(helpdesk, TICKETS, "html", status=status)
        handoff = shop.hand_over()
        shop.pay()
        assert shop.tickets() == []
        shop.pass_time(minutes=1)
        assert [ticket["id"] for ticket in shop.tickets()] == [str(shop.ticket(handoff))]
        assert shop.events(handoff, "delivery_dead") == []


def test_fault_21_a_removed_field_costs_the_field_and_the_admin_hears_once(shop_on_either_store):
    """A mapped field was removed: the ticket goes without it, its note says so, the lead hears of the mapping once."""
    shop = shop_on_either_store
    del shop.helpdesk.store.fields[900101]
    made = [waiting(shop) for _ in range(3)]
    for _handoff, ticket in made:
        (note,) = shop.comments(ticket)
        assert "Not as planned: field topic (900101) was refused" in note["text"]
        assert note["public"] is False
    assert len(told(shop, "field topic (900101)")) == 1
    (defect,) = shop.rows(tables.defects)
    assert "field topic (900101) was refused" in defect.problem


def test_fault_21_a_new_required_field_costs_the_mapped_fields_and_not_the_ticket(freshdesk_shop):
    """A field became required: the ticket goes with the least it needs and its private note; the lead hears once."""
    shop = freshdesk_shop
    fault = {"errors": [{"field": "cf_cause", "code": "missing_field", "message": "It should be a String"}]}
    for _ in range(2):
        shop.goes_wrong("freshdesk", TICKETS, "status", status=400, body=json.dumps(fault))
        _handoff, ticket = waiting(shop)
        (note,) = [one for one in shop.comments(ticket) if not one["public"]]
        assert "mapping broken" in note["text"]
        assert "4411" in note["text"]
    assert len(told(shop, "mapping broken")) == 1


def test_fault_21_a_defect_that_nobody_meets_for_a_day_is_told_again(shop):
    """A field that was mended and breaks again days later: the lead hears of it anew."""
    del shop.helpdesk.store.fields[900101]
    waiting(shop)
    shop.clock.later(days=2)
    waiting(shop)
    assert len(told(shop, "field topic (900101)")) == 2


def test_fault_22_a_deleted_group_falls_back_to_the_default_and_counts(shop):
    """The group was deleted: the default group has the ticket, the handoff counts as misrouted, the lead hears once."""
    del shop.helpdesk.store.groups[:]
    handoff, _ticket = waiting(shop)
    assert "misrouted" in shop.look(handoff)["flags"]
    assert len(shop.events(handoff, "misrouted")) == 1
    assert len(told(shop, "group Support does not exist")) == 1
    assert shop.card_says(handoff, "misrouted")
    measures = requests.get(f"{shop.url}/metrics", timeout=10).text
    assert 'handoff_misrouted_total{account="main"} 1.0' in measures
    assert 'handoff_defects{account="main"} 1.0' in measures


def test_fault_22_an_owner_outside_the_group_leaves_the_ticket_to_the_group(shop):
    """The owner is not in the group: the group has the ticket unassigned, and the handoff counts as misrouted."""
    memberships = shop.helpdesk.store.memberships
    memberships[:] = [one for one in memberships if one["user_id"] != int(ASHA)]
    handoff, _ticket = waiting(shop)
    (ticket,) = shop.helpdesk.store.tickets.values()
    assert (ticket["assignee_id"], ticket["group_id"]) == (None, 3701)
    assert "misrouted" in shop.look(handoff)["flags"]


def test_fault_22_a_ticket_that_went_as_planned_is_not_flagged(shop):
    """Group and owner are as the route says: no flag."""
    handoff, _ticket = waiting(shop)
    assert "misrouted" not in shop.look(handoff)["flags"]
    assert shop.rows(tables.defects) == []


def test_fault_23_a_closed_ticket_goes_on_in_a_linked_follow_up(shop):
    """The ticket is closed for good: the customer's next words open a follow-up linked to it, and the card shows it."""
    handoff, ticket = waiting(shop)
    shop.helpdesk.set_status(ticket, "closed")
    shop.post(f"/v1/handoffs/{handoff}/messages", {"messages": [{"text": "Hello? Still nothing."}]})
    shop.pass_time(minutes=1)
    followed = shop.ticket(handoff)
    assert followed != ticket
    assert shop.helpdesk.store.tickets[followed]["via"]["source"]["from"]["ticket_id"] == ticket
    assert "Still nothing" in str(shop.comments(followed))
    assert len(shop.events(handoff, "ticket_moved")) == 1
    assert shop.card_says(handoff, f"Ticket {followed}")


@pytest.mark.parametrize(("helpdesk", "agent"), [("zendesk", int(RAVI)), ("freshdesk", 4602)])
def test_fault_24_a_merged_ticket_is_followed_and_the_clock_goes_on(sqlite_url, tmp_path, helpdesk, agent):
    """The ticket is merged: the bridge follows it to the other one, the clock goes on, an answer there stops it."""
    with a_still_shop(sqlite_url, tmp_path, helpdesk=helpdesk) as shop:
        handoff, ticket = waiting(shop)
        other = shop.helpdesk.new_ticket("The same again", "priya@customer.example", "Where is it?")
        shop.clock.later(seconds=30)
        shop.helpdesk.merge(ticket, other)
        polled(shop)
        assert (shop.ticket(handoff), shop.look(handoff)["answered_at"]) == (other, None)
        assert [row.state for row in shop.rows(tables.clocks)].count("armed") == 5
        shop.helpdesk.reply(other, agent, "On its way.")
        polled(shop)
        assert shop.look(handoff)["answered_by"] == "Ravi Iyer"
        assert {row.state for row in shop.rows(tables.clocks)} == {"cancelled"}


@pytest.mark.parametrize(("helpdesk", "spam"), [("zendesk", False), ("zendesk", True), ("freshdesk", True)])
def test_fault_25_a_ticket_that_is_gone_leaves_an_orphan_that_the_lead_hears_of(
    sqlite_url, tmp_path, helpdesk, spam
):
    """The ticket is deleted or spam: the handoff is orphaned, the lead is alarmed once, and it stays a miss."""
    with a_still_shop(sqlite_url, tmp_path, helpdesk=helpdesk) as shop:
        handoff, ticket = waiting(shop)
        shop.clock.later(seconds=30)
        shop.helpdesk.delete(ticket, spam=spam)
        polled(shop)
        if helpdesk == "freshdesk":
            shop.pass_time(minutes=6)  # deleted and spam tickets are in lists of their own
        assert shop.look(handoff)["state"] == "orphaned"
        (line,) = told(shop, ORPHANED)
        assert "<@U07MEERA>" in line
        assert shop.card_says(handoff, "its ticket was deleted")
        assert shop.look(handoff)["answered_at"] is None
