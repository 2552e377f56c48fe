"""The customer goes on writing, or leaves."""

from __future__ import annotations


def test_what_the_customer_writes_while_waiting_is_a_private_note_and_no_second_card(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    shop.quiet()
    shop.sandbox.bot.say("wa-priya", "Hello? The wedding is on Tuesday.")
    shop.quiet()
    (note,) = [one for one in shop.comments(ticket) if "The wedding is on Tuesday." in one["text"]]
    assert note["public"] is False
    assert note["role"] == "bridge"
    assert len(shop.tickets()) == len(shop.cards(handoff)) == 1
    assert shop.look(handoff)["state"] == "open"


def test_a_conversation_that_is_handed_over_again_stays_one_handoff(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    again = shop.hand_over(conversation_id="wa-priya", fields={"order": "4411-B"})
    shop.quiet()
    assert again == handoff
    assert any("4411-B" in comment["text"] for comment in shop.comments(ticket))
    assert len(shop.tickets()) == len(shop.cards(handoff)) == 1


def test_a_handoff_that_is_withdrawn_is_noted_on_its_ticket_and_closes_its_card(shop):
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    answer = shop.post(f"/v1/handoffs/{handoff}/withdraw", {"reason": "the customer found the parcel"})
    assert answer.status_code == 202
    shop.quiet()
    last = shop.comments(ticket)[-1]
    assert "withdrawn" in last["text"]
    assert last["public"] is False
    assert shop.card_says(handoff, "*Closed*: withdrawn")
    assert shop.look(handoff)["state"] == "withdrawn"


def test_a_customer_who_leaves_before_the_ticket_is_open_gets_no_rung_and_a_closed_card(
    open_shop, sqlite_url
):
    shop = open_shop(sqlite_url, minutes=1 / 60)
    shop.goes_wrong("zendesk", "POST /api/v2/tickets*", "delay", seconds=1)
    handoff = shop.hand_over(asked_at=None)
    shop.post(f"/v1/handoffs/{handoff}/withdraw", {})
    shop.card(handoff)
    shop.quiet()
    assert shop.events(handoff, "escalated", "breached") == []
    assert shop.card_says(handoff, "*Closed*: withdrawn")
    assert "withdrawn" in shop.comments(shop.ticket(handoff))[-1]["text"]
