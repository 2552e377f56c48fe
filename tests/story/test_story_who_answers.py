"""Only a person's public message to the customer stops the clock; told by webhooks and found by polling."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests
from running_shop import ASHA, FALLBACK, POLLS

from sandbox.zendesk.hooks import signature
from sandbox.zendesk.seed import BRIDGE_ID, WEBHOOK_SECRET

AUDITS = "GET */audits*"


def still_waits(shop, handoff):
    shop.quiet()
    return shop.look(handoff)["state"] == "open" and shop.events(handoff, "answered") == []


def write_without_answering(shop, ticket):
    """Let everybody write who cannot answer a customer, and an agent where the customer cannot read it."""
    shop.helpdesk.reply(ticket, int(ASHA), "Has anybody seen this parcel?", public=False)
    shop.helpdesk.trigger_writes(ticket, "We have received your request.")
    shop.helpdesk.customer_writes(ticket, "Hello?")
    shop.helpdesk.reply(ticket, BRIDGE_ID, "A colleague will be with you.", public=True)


def test_fault_49_notes_triggers_customers_and_the_bridge_itself_are_no_answer_an_agents_reply_is(shop):
    """Our own comment comes back by webhook, as do notes and triggers: no answer until an agent replies."""
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    write_without_answering(shop, ticket)
    assert still_waits(shop, handoff)
    assert shop.answers("zendesk", "WEBHOOK *")[-4:] == [200] * 4
    shop.helpdesk.reply(ticket, int(ASHA), "It is on its way.", public=True)
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"


def test_fault_49_what_is_no_answer_by_webhook_is_none_when_the_ticket_is_read_back(polling_shop):
    """Our own comment is found when the ticket is read back: no answer there either."""
    shop = polling_shop
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    read = len(shop.answers("zendesk", AUDITS))
    write_without_answering(shop, ticket)
    shop.until("the ticket read back", lambda: len(shop.answers("zendesk", AUDITS)) > read)
    assert still_waits(shop, handoff)
    shop.helpdesk.reply(ticket, int(ASHA), "It is on its way.", public=True)
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"


def test_a_ticket_that_was_merged_is_followed_and_its_answer_counts(sqlite_url, open_shop):
    shop = open_shop(sqlite_url, poll_every=POLLS)
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    other = shop.helpdesk.new_ticket("Where is it?", "priya@customer.example", "My parcel is missing.")
    shop.quiet()
    shop.helpdesk.merge(ticket, other)
    shop.until("the other ticket", lambda: shop.look(handoff)["ticket"]["id"] == str(other))
    assert still_waits(shop, handoff)
    shop.helpdesk.reply(other, int(ASHA), "It is on its way.", public=True)
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"
    shop.quiet()
    assert shop.card_says(handoff, f"Ticket {other}")
    assert len(shop.cards(handoff)) == 1


@pytest.mark.parametrize("spam", [False, True])
def test_a_ticket_that_was_deleted_orphans_its_handoff_and_the_lead_hears_of_it(sqlite_url, open_shop, spam):
    shop = open_shop(sqlite_url, poll_every=POLLS)
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    shop.helpdesk.delete(ticket, spam=spam)
    shop.until("the orphan", lambda: shop.look(handoff)["state"] == "orphaned")
    shop.quiet()
    (line,) = shop.lines(FALLBACK)
    assert "<@U07MEERA>" in line
    assert "deleted" in line
    assert shop.card_says(handoff, "Closed")


def test_a_reply_that_comes_before_the_bridge_knows_its_ticket_still_counts(database_url, open_shop):
    shop = open_shop(database_url)
    shop.goes_wrong("zendesk", "POST /api/v2/tickets*", "reset_after")
    shop.goes_wrong("zendesk", "GET /api/v2/tickets*", "delay", seconds=1.5)
    handoff = shop.hand_over()
    made = shop.until("the ticket at Zendesk", shop.tickets)
    shop.helpdesk.reply(int(made[0]["id"]), int(ASHA), "It is on its way.", public=True)
    shop.sandbox.outbox.drain()
    assert shop.look(handoff)["ticket"] is None
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"
    shop.quiet()
    assert [str(shop.ticket(handoff))] == [ticket["id"] for ticket in shop.tickets()]
    assert shop.card_says(handoff, "Answered")
    assert len(shop.cards(handoff)) == len(shop.told("answered")) == 1


def test_a_hint_without_our_mark_that_comes_before_the_bridge_knows_its_ticket_is_made_up_for(shop):
    shop.goes_wrong("zendesk", "WEBHOOK *", "drop", times=10)
    shop.goes_wrong("zendesk", "POST /api/v2/tickets*", "reset_after")
    shop.goes_wrong("zendesk", "GET /api/v2/tickets*", "delay", seconds=1.5)
    handoff = shop.hand_over()
    (made,) = shop.until("the ticket at Zendesk", shop.tickets)
    shop.helpdesk.reply(int(made["id"]), int(ASHA), "It is on its way.", public=True)
    assert send_hint(shop, made["id"]) == 200
    assert shop.look(handoff)["ticket"] is None
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"


def send_hint(shop, ticket_id):
    """Send what a trigger of ours sends: which ticket got a message, and no more."""
    body = b'{"type": "newMessage", "ticketId": "%b"}' % ticket_id.encode()
    timestamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    headers = {
        "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
        "X-Zendesk-Webhook-Signature": signature(WEBHOOK_SECRET, timestamp, body),
        "X-Zendesk-Webhook-Invocation-Id": "a-hint",
        "Content-Type": "application/json",
    }
    return requests.post(
        f"{shop.url}/hooks/zendesk/zendesk", data=body, headers=headers, timeout=5
    ).status_code
