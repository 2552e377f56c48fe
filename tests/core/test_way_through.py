"""One handoff from acceptance to a person's answer, with vendors that only remember."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.handoffs import lifecycle
from bridge.handoffs.model import Customer, State
from bridge.store import tables
from connectors.base import Author, AuthorKind, TicketMessage, TicketState
from connectors.chat import CardState
from connectors.errors import Busy, OutcomeUnknown, Rejected

CALLBACK = "https://bot.example/callback"


def reply(house, text="On its way.", kind=AuthorKind.PERSON, public=True, at=None):
    author = Author(kind=kind, id="3601", name="Asha Rao")
    return TicketMessage(id="m1", at=at or house.now, author=author, public=public, text=text)


def read_back(house, handoff_id):
    house.change(handoff_id, lambda change: change.owe("read_ticket", "helpdesk"))
    house.pay()


def test_one_handoff_becomes_one_ticket_and_one_card_that_links_to_it(house):
    receipt = house.hand_over()
    house.pay()
    handoff = house.handoff(receipt.handoff_id)
    assert list(house.helpdesk.tickets) == ["1"]
    assert [card.ticket.id for card in house.chat.cards["1"]] == ["1"]
    assert (handoff.ticket.id, handoff.card.channel) == ("1", "C0EVENING")


def test_the_receipt_names_the_owner_on_duty_and_the_time_promised(house):
    receipt = house.hand_over()
    assert receipt.owner == "Ravi"
    assert receipt.promised_at == house.now + timedelta(minutes=5)
    assert receipt.customer_text == "Ravi has your conversation and will answer by 18:27 (IST)."


def test_the_card_waits_five_seconds_for_the_ticket_and_then_goes_out_pending(house):
    house.helpdesk.fail_before(Busy("helpdesk", "no connection"))
    house.hand_over()
    house.pay()
    assert house.chat.cards == {}
    house.later(seconds=5)
    house.helpdesk.fail_before(Busy("helpdesk", "no connection"))
    house.pay()
    assert house.chat.cards["1"][0].ticket is None
    house.later(seconds=10)
    house.pay()
    assert house.chat.cards["1"][-1].ticket.id == "1"


def test_a_lost_answer_is_looked_for_and_never_makes_a_second_ticket(house):
    house.helpdesk.fail_after(OutcomeUnknown("helpdesk", "reset"))
    receipt = house.hand_over()
    house.pay()
    house.later(seconds=30)
    house.pay()
    assert list(house.helpdesk.tickets) == ["1"]
    assert house.handoff(receipt.handoff_id).ticket.id == "1"


def test_a_second_handoff_of_an_open_conversation_updates_the_first(house):
    first = house.hand_over()
    house.pay()
    second = house.hand_over(topic="refund")
    house.pay()
    assert (second.handoff_id, second.again) == (first.handoff_id, True)
    assert len(house.helpdesk.tickets) == len(house.chat.cards) == 1
    assert house.helpdesk.changed[0][1].note is not None
    assert house.chat.cards["1"][-1].topic == "refund"


def test_a_persons_public_message_stops_the_clock_and_turns_the_card(house):
    receipt = house.hand_over(callback_url=CALLBACK)
    house.pay()
    house.helpdesk.messages["1"] = [reply(house)]
    read_back(house, receipt.handoff_id)
    handoff = house.handoff(receipt.handoff_id)
    assert (handoff.state, handoff.answered_by) == (State.ANSWERED, "Asha Rao")
    assert {clock.state for clock in house.all(tables.clocks)} == {"cancelled"}
    assert house.chat.cards["1"][-1].state is CardState.ANSWERED


def test_only_a_persons_public_message_stops_the_clock(house):
    receipt = house.hand_over()
    house.pay()
    house.helpdesk.messages["1"] = [
        reply(house, public=False),
        reply(house, kind=AuthorKind.BOT),
        reply(house, kind=AuthorKind.RULE),
        reply(house, kind=AuthorKind.BRIDGE),
        reply(house, kind=AuthorKind.CUSTOMER),
        reply(house, at=house.now - timedelta(hours=1)),
    ]
    read_back(house, receipt.handoff_id)
    assert house.handoff(receipt.handoff_id).answered_at is None


def test_the_bot_hears_of_the_answer_signed_and_numbered(house):
    key = house.database.transact(lambda tx: house.accounts.create_key(tx, "main", "bot", house.now))
    receipt = house.hand_over(callback_url=CALLBACK, key_id=key.key_id)
    house.pay()
    house.helpdesk.messages["1"] = [reply(house, text="It is on its way.")]
    read_back(house, receipt.handoff_id)
    events = [json.loads(body) for _, _, body in house.sender.posts]
    answered, message = (
        next(event["data"]["message"] for event in events if event["type"] == f"handoff.{name}")
        for name in ("answered", "message")
    )
    numbers = [event["data"]["sequence"] for event in events]
    assert answered == {"id": "m1", "author": "Asha Rao"}
    assert (message["id"], message["author"], message["text"]) == ("m1", "Asha Rao", "It is on its way.")
    assert numbers == sorted(numbers)
    assert all("webhook-signature" in headers for _, headers, _ in house.sender.posts)
    assert house.handoff(receipt.handoff_id).delivered_at == house.now


def test_an_earlier_answer_that_comes_to_light_later_counts(house):
    receipt = house.hand_over()
    house.pay()
    asked = house.now
    house.later(minutes=8)
    house.change(
        receipt.handoff_id, lambda c: lifecycle.answered(c, by="Ravi", at=house.now, text="b", message_id="2")
    )
    earlier = asked + timedelta(minutes=2)
    house.change(
        receipt.handoff_id, lambda c: lifecycle.answered(c, by="Asha", at=earlier, text="a", message_id="1")
    )
    assert house.handoff(receipt.handoff_id).answered_at == earlier


def test_a_claim_names_the_claimer_and_assigns_the_ticket(house):
    receipt = house.hand_over()
    house.pay()
    asha = house.account().person("asha")
    house.change(receipt.handoff_id, lambda change: lifecycle.claim(change, asha, house.now))
    house.pay()
    assert house.handoff(receipt.handoff_id).owner == "asha"
    assert house.helpdesk.changed[-1][1].assignee == asha
    assert house.chat.cards["1"][-1].claimed_by == "Asha Rao"


def test_a_second_claim_changes_nothing(house):
    receipt = house.hand_over()
    people = house.account().desk.people
    house.change(receipt.handoff_id, lambda change: lifecycle.claim(change, people["asha"], house.now))
    house.change(receipt.handoff_id, lambda change: lifecycle.claim(change, people["ravi"], house.now))
    assert house.handoff(receipt.handoff_id).claimed_by == "asha"
    assert house.events(receipt.handoff_id).count("claimed") == 1


def test_fault_62_a_withdrawn_handoff_keeps_its_row_and_its_ticket_hears_of_it(house):
    """A customer leaves, or the bot takes the conversation back: withdrawn, noted on the ticket, and never removed."""
    receipt = house.hand_over()
    house.pay()
    house.change(receipt.handoff_id, lambda change: lifecycle.withdraw(change, "customer left"))
    house.pay()
    assert house.handoff(receipt.handoff_id).state is State.WITHDRAWN
    assert "handoff_withdrawn" in house.helpdesk.changed[-1][1].tags
    assert house.chat.cards["1"][-1].closing == "withdrawn"


def test_a_deleted_ticket_orphans_the_handoff_and_alarms_the_lead(house):
    receipt = house.hand_over()
    house.pay()
    house.helpdesk.states["1"] = TicketState.DELETED
    read_back(house, receipt.handoff_id)
    assert house.handoff(receipt.handoff_id).state is State.ORPHANED
    assert house.chat.notices[-1][1].tag[0].key == "meera"


def test_a_card_that_cannot_be_posted_goes_to_the_fallback_channel(house):
    house.chat.fail_before(Rejected("chat", "channel is archived"))
    house.hand_over()
    house.pay()
    assert [card.channel for card in house.chat.cards["1"]] == ["C0MORNING"]


def test_a_ticket_that_cannot_be_opened_is_a_dead_letter_the_lead_and_the_bot_hear_of(house):
    house.helpdesk.fail_before(Rejected("helpdesk", "no such form"))
    receipt = house.hand_over(callback_url=CALLBACK)
    house.later(seconds=5)
    house.pay()
    assert "failed" in house.events(receipt.handoff_id)
    assert any("could not be opened" in notice.text for _, notice in house.chat.notices)
    assert any(b"handoff.failed" in body for _, _, body in house.sender.posts)


def test_a_number_typed_as_a_name_does_not_reach_the_card(house):
    house.hand_over(customer=Customer(name="4111 1111 1111 1111"))
    house.pay()
    assert house.chat.cards["1"][0].customer is None


@pytest.mark.parametrize("is_open", [True, False])
def test_a_ticket_is_changed_where_it_is_though_the_desk_names_another_helpdesk_by_now(house, is_open):
    receipt = house.hand_over()
    if is_open:
        house.pay()
    before = house.account()
    house.account = lambda: replace(before, helpdesk="another")
    house.change(receipt.handoff_id, lambda change: lifecycle.change_ticket(change, priority="urgent"))
    owed = [row for row in house.all(tables.deliveries) if row.kind == "update_ticket"]
    assert [row.connection for row in owed] == ["helpdesk"]
