"""Freshdesk as the only helpdesk: the same handoff, with Freshdesk's hints and readings."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from running_shop import ASHA_AT_FRESHDESK

from sandbox.freshdesk.seed import BRIDGE_ID, WEBHOOK_SECRET

ASHA = int(ASHA_AT_FRESHDESK)
POLLS = timedelta(seconds=1.5)
CONVERSATIONS = "GET /api/v2/tickets/*/conversations"


@pytest.fixture
def desk(sqlite_url, open_shop):
    """Return a shop with nothing but Freshdesk and Slack, that hears by webhooks."""
    return open_shop(sqlite_url, helpdesk="freshdesk")


@pytest.fixture
def polled(sqlite_url, open_shop):
    """Return the same shop where no webhook comes through."""
    shop = open_shop(sqlite_url, helpdesk="freshdesk", poll_every=POLLS)
    shop.goes_wrong("freshdesk", "WEBHOOK *", "drop", times=1000)
    return shop


def still_waits(shop, handoff):
    shop.quiet()
    return shop.look(handoff)["state"] == "open" and shop.events(handoff, "answered") == []


def write_without_answering(shop, ticket):
    """Let the customer, a colleague in private and the bridge write; an automation last, whose hint is sent."""
    shop.helpdesk.customer_writes(ticket, "Hello?")
    shop.helpdesk.reply(ticket, ASHA, "Has anybody seen this parcel?", public=False)
    shop.helpdesk.reply(ticket, BRIDGE_ID, "A colleague will be with you.", public=True)
    shop.helpdesk.rule_replies(ticket, "We have received your request.")


def test_a_handoff_becomes_a_ticket_with_a_private_note_and_a_card_and_an_agent_answers(
    open_shop, database_url
):
    shop = open_shop(database_url, helpdesk="freshdesk")
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    (opened,) = shop.tickets()
    (note,) = [one for one in opened["comments"] if "the refund for order 4411" in one["text"]][-1:]
    assert (opened["group"], opened["assignee"]) == ("Support", "Asha Rao")
    assert (note["public"], note["role"]) == (False, "bridge")
    assert shop.card_says(handoff, f"/tickets/{ticket}")
    shop.helpdesk.reply(ticket, ASHA, "It is on its way.")
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"
    shop.quiet()
    assert [told["message"]["text"].strip() for told in shop.told("message")] == ["It is on its way."]
    assert shop.card_says(handoff, "Answered")


def test_private_notes_customers_automations_and_the_bridge_do_not_stop_the_clock(desk):
    handoff = desk.hand_over()
    ticket = desk.ticket(handoff)
    desk.quiet()
    read = len(desk.answers("freshdesk", CONVERSATIONS))
    write_without_answering(desk, ticket)
    desk.until("the ticket read back", lambda: len(desk.answers("freshdesk", CONVERSATIONS)) > read)
    assert still_waits(desk, handoff)
    desk.helpdesk.reply(ticket, ASHA, "It is on its way.")
    assert desk.answered(handoff)["answered_by"] == "Asha Rao"


def test_an_answer_whose_webhook_was_dropped_is_found_by_polling(polled):
    handoff = polled.hand_over()
    ticket = polled.ticket(handoff)
    write_without_answering(polled, ticket)
    polled.helpdesk.reply(ticket, ASHA, "It is on its way.")
    assert polled.answered(handoff)["answered_by"] == "Asha Rao"
    polled.quiet()
    assert len(polled.told("answered")) == 1


def test_a_webhook_that_comes_twice_is_one_answer(desk):
    handoff = desk.hand_over()
    ticket = desk.ticket(handoff)
    desk.quiet()
    desk.goes_wrong("freshdesk", "WEBHOOK *", "duplicate")
    desk.helpdesk.reply(ticket, ASHA, "It is on its way.")
    desk.quiet()
    assert len(desk.events(handoff, "answered", "answer_corrected")) == len(desk.told("answered")) == 1


def test_two_replies_in_a_moment_are_one_answer_by_the_first_of_them(desk):
    handoff = desk.hand_over()
    ticket = desk.ticket(handoff)
    desk.quiet()
    desk.helpdesk.reply(ticket, ASHA, "I am looking into it.")
    desk.helpdesk.reply(ticket, 4602, "It is on its way.")
    assert desk.answered(handoff)["answered_by"] == "Asha Rao"
    desk.quiet()
    assert len(desk.told("answered")) == 1


def test_a_ticket_that_was_deleted_orphans_its_handoff(desk):
    handoff = desk.hand_over()
    ticket = desk.ticket(handoff)
    desk.quiet()
    desk.helpdesk.delete(ticket)
    desk.until("the orphan", lambda: desk.look(handoff)["state"] == "orphaned")
    desk.quiet()
    assert desk.card_says(handoff, "Closed")


def test_a_ticket_that_was_merged_is_followed_and_its_answer_counts(polled):
    handoff = polled.hand_over()
    ticket = polled.ticket(handoff)
    other = polled.helpdesk.new_ticket("Where is it?", "priya@customer.example", "My parcel is missing.")
    polled.helpdesk.merge(ticket, other)
    polled.until("the other ticket", lambda: polled.look(handoff)["ticket"]["id"] == str(other))
    polled.helpdesk.reply(other, ASHA, "It is on its way.")
    assert polled.answered(handoff)["answered_by"] == "Asha Rao"


def test_what_the_customer_writes_while_waiting_is_a_private_note(desk):
    handoff = desk.hand_over(conversation_id="wa-priya")
    ticket = desk.ticket(handoff)
    desk.quiet()
    desk.sandbox.bot.say("wa-priya", "Hello? The wedding is on Tuesday.")
    desk.quiet()
    (note,) = [one for one in desk.comments(ticket) if "The wedding is on Tuesday." in one["text"]]
    assert note["public"] is False
    assert len(desk.cards(handoff)) == 1


def test_two_hints_alike_each_bring_what_happened_before_them(desk):
    desk.goes_wrong("freshdesk", "WEBHOOK *", "drop", times=10)
    handoff = desk.hand_over()
    ticket = desk.ticket(handoff)
    assert send_hint(desk, ticket) == 200
    desk.quiet()
    desk.helpdesk.reply(ticket, ASHA, "It is on its way.")
    assert send_hint(desk, ticket) == 200
    assert desk.answered(handoff)["answered_by"] == "Asha Rao"


def send_hint(shop, ticket):
    """Send what a rule in simple mode sends: the same body for every event of a ticket."""
    body = {"freshdesk_webhook": {"ticket_id": str(ticket)}}
    headers = {"X-Webhook-Secret": WEBHOOK_SECRET}
    address = f"{shop.url}/hooks/freshdesk/freshdesk"
    return requests.post(address, json=body, headers=headers, timeout=5).status_code


def test_a_reset_after_the_ticket_was_made_makes_no_second_one(desk):
    desk.goes_wrong("freshdesk", "POST /api/v2/tickets", "reset_after")
    handoff = desk.hand_over()
    desk.ticket(handoff)
    desk.quiet()
    assert desk.answers("freshdesk", "POST /api/v2/tickets") == [None]
    assert len(desk.tickets()) == len(desk.cards(handoff)) == 1


def test_a_429_on_the_ticket_delays_it_and_makes_no_second_one(desk):
    desk.goes_wrong("freshdesk", "POST /api/v2/tickets", "status", status=429, retry_after="1")
    handoff = desk.hand_over()
    desk.ticket(handoff)
    desk.quiet()
    assert desk.answers("freshdesk", "POST /api/v2/tickets") == [429, 201]
    assert len(desk.tickets()) == len(desk.cards(handoff)) == 1


def test_the_desk_file_names_the_helpdesk_where_there_are_two(sqlite_url, open_shop):
    shop = open_shop(sqlite_url, vendors=("zendesk", "freshdesk", "slack"), more="helpdesk: freshdesk")
    shop.vendor = "freshdesk"
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    assert [one["id"] for one in shop.tickets()] == [str(ticket)]
    assert shop.sandbox.zendesk.snapshot()["tickets"] == []
