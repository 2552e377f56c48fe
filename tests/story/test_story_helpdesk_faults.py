"""Zendesk in trouble: whatever its answers are, one handoff becomes one ticket and one card."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

TICKETS = "POST /api/v2/tickets*"


def between(shop, handoff, first, then):
    (one,), (other,) = (shop.events(handoff, name) for name in (first, then))
    return other.at - one.at


def one_ticket_and_one_card(shop, handoff):
    shop.card(handoff)
    shop.quiet()
    assert [ticket["id"] for ticket in shop.tickets()] == [str(shop.ticket(handoff))]
    assert len(shop.cards(handoff)) == 1
    assert shop.events(handoff, "delivery_dead") == []
    return True


def test_a_reset_after_the_ticket_was_made_makes_no_second_one(database_url, open_shop):
    shop = open_shop(database_url)
    shop.goes_wrong("zendesk", TICKETS, "reset_after")
    handoff = shop.hand_over()
    assert one_ticket_and_one_card(shop, handoff)
    assert shop.answers("zendesk", TICKETS) == [None]


def test_a_429_delays_the_ticket_by_what_it_asks_and_no_call_is_wasted(shop):
    shop.goes_wrong("zendesk", TICKETS, "status", times=50, status=429, retry_after="1")
    handoff = shop.hand_over()
    shop.until("a refusal", lambda: 429 in shop.answers("zendesk", TICKETS))
    end_of_trouble = threading.Timer(1.5, shop.sandbox.script.clear)
    end_of_trouble.start()
    assert one_ticket_and_one_card(shop, handoff)
    assert shop.answers("zendesk", TICKETS).count(429) <= 2
    assert shop.answers("zendesk", TICKETS)[-1] == 201
    end_of_trouble.join()


@pytest.mark.parametrize("status", [200, 201, 502])
def test_a_page_of_html_instead_of_an_answer_is_outlived(shop, status):
    shop.goes_wrong("zendesk", "* /api/v2/*", "html", times=2, status=status)
    assert one_ticket_and_one_card(shop, shop.hand_over())


def test_a_card_goes_out_without_its_ticket_after_five_seconds_and_is_completed_later(shop):
    shop.goes_wrong("zendesk", TICKETS, "status", times=2, status=500)
    shop.goes_wrong("zendesk", TICKETS, "delay", seconds=5.5)
    handoff = shop.hand_over()
    _, card = shop.card(handoff)
    assert shop.look(handoff)["ticket"] is None
    assert shop.card_says(handoff, "Ticket pending")
    assert timedelta(seconds=5) <= between(shop, handoff, "accepted", "announced") < timedelta(seconds=7)
    ticket = shop.ticket(handoff)
    assert one_ticket_and_one_card(shop, handoff)
    assert shop.card_says(handoff, f"Ticket {ticket}")
    assert shop.cards(handoff)[0][1].ts == card.ts
