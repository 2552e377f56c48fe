"""A conversation goes both ways between the helpdesk's ticket and the customer's chat, with both helpdesks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from running_shop import ASHA, ASHA_AT_FRESHDESK


@pytest.fixture(params=["zendesk", "freshdesk"])
def shop(request, sqlite_url, open_shop):
    return open_shop(sqlite_url, helpdesk=request.param)


def reply(shop, handoff, text, **more):
    agent = ASHA if shop.vendor == "zendesk" else ASHA_AT_FRESHDESK
    shop.helpdesk.reply(shop.ticket(handoff), int(agent), text, **more)


def solve(shop, handoff):
    solved = "solved" if shop.vendor == "zendesk" else 4
    shop.helpdesk.set_status(shop.ticket(handoff), solved)


def lines(shop, conversation="wa-priya"):
    """Return what people have said in the customer's chat."""
    return [line.text for line in shop.sandbox.bot.chat(conversation) if line.side == "person"]


def told_once(shop, *texts):
    shop.until("the replies in the chat", lambda: len(lines(shop)) >= len(texts))
    shop.quiet()
    assert lines(shop) == list(texts)
    ids = [told["message"]["id"] for told in shop.told("message")]
    assert len(set(ids)) == len(ids) == len(texts)


def test_every_reply_reaches_the_customers_chat_once_and_in_order(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    reply(shop, handoff, "I am looking into it.")
    shop.answered(handoff)
    told_once(shop, "I am looking into it.")
    reply(shop, handoff, "It is on its way.")
    told_once(shop, "I am looking into it.", "It is on its way.")
    assert shop.look(handoff)["answered_by"] == "Asha Rao"
    assert len(shop.events(handoff, "answer_relayed")) == 1


def test_what_is_attached_to_a_reply_goes_with_it(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    reply(shop, handoff, "Is this your door?", files=["door.jpg"])
    told_once(shop, "Is this your door?\n[door.jpg]")
    ((attached,),) = [told["message"]["attachments"] for told in shop.told("message")]
    assert attached["name"] == "door.jpg"
    assert "door.jpg" in attached["url"]


def test_notes_rules_and_what_the_bridge_writes_do_not_cross(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    ticket = shop.ticket(handoff)
    reply(shop, handoff, "for colleagues", public=False)
    if shop.vendor == "zendesk":
        shop.helpdesk.trigger_writes(ticket, "We got your request")
        shop.helpdesk.reply(ticket, 3699, "Have you tried turning it off?")
        shop.helpdesk.reply(ticket, 3600, "by the bridge")
    else:
        shop.helpdesk.rule_replies(ticket, "We got your request")
        shop.helpdesk.survey_answer(ticket, "bad")
        shop.helpdesk.reply(ticket, 4600, "by the bridge")
    shop.helpdesk.customer_writes(ticket, "by mail")
    reply(shop, handoff, "It is on its way.")
    told_once(shop, "It is on its way.")


def test_a_reply_after_the_ticket_was_solved_reaches_the_customer(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    reply(shop, handoff, "It is on its way.")
    shop.answered(handoff)
    solve(shop, handoff)
    reply(shop, handoff, "One more thing: please rate us.")
    told_once(shop, "It is on its way.", "One more thing: please rate us.")


def test_a_customer_who_answers_the_person_reaches_the_ticket_and_calls_the_owner(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    shop.card(handoff)
    reply(shop, handoff, "Which order?")
    shop.answered(handoff)
    shop.sandbox.bot.say("wa-priya", "Number 4411.")
    shop.quiet()
    assert "Number 4411." in shop.comments(shop.ticket(handoff))[-1]["text"]
    assert shop.card_says(handoff, "Customer wrote again")
    assert [line for line in shop.thread(handoff) if "wrote again" in line] == [
        "<@U07ASHA> The customer wrote again."
    ]
    later = datetime.now(UTC) + timedelta(seconds=1.1)
    shop.until("another second", lambda: datetime.now(UTC) > later)
    reply(shop, handoff, "Thank you.")
    shop.until("the card", lambda: not shop.card_says(handoff, "Customer wrote again"))
    told_once(shop, "Which order?", "Thank you.")


def test_words_that_come_fast_make_few_changes_of_the_ticket(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    ticket = shop.ticket(handoff)
    shop.quiet()
    before = len(shop.comments(ticket))
    words = [f"word {number}" for number in range(8)]
    for text in words:
        shop.sandbox.bot.say("wa-priya", text)
    shop.until("the first words", lambda: len(shop.comments(ticket)) > before)
    assert len(shop.comments(ticket)) == before + 1
    shop.post(f"/v1/handoffs/{handoff}/withdraw", {})  # waits for no more words
    shop.quiet()
    told = " ".join(comment["text"] for comment in shop.comments(ticket)[before:])
    places = [told.index(text) for text in words]
    assert places == sorted(places)
    assert len(shop.comments(ticket)) <= before + 3


def test_a_reply_to_an_address_that_is_gone_is_marked_on_the_card(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    shop.card(handoff)
    shop.quiet()
    shop.goes_wrong("bot", "POST /bot/callback", "status", times=100, status=410)
    reply(shop, handoff, "It is on its way.")
    shop.until("the mark", lambda: shop.card_says(handoff, "did not take the last reply"))
    assert lines(shop) == []
