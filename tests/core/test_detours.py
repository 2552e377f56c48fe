"""What is said when it cannot be said where it belongs, and to whom."""

from __future__ import annotations

from bridge.handoffs import lifecycle
from bridge.store import tables
from connectors.errors import AccessDenied, Busy, Gone


def said_in(house, channel):
    return [notice for place, notice in house.chat.notices if place == channel]


def trouble(house):
    return {row.connection: row.trouble for row in house.all(tables.connections)}


def test_a_rung_that_cannot_be_posted_goes_to_the_fallback_once_and_tags_the_lead(house):
    house.hand_over()
    house.pay()
    house.later(minutes=2.5)
    house.tick()
    for _ in range(3):
        house.chat.fail_before(Gone("chat", "the channel is archived"))
    house.pay()
    notice, warning = said_in(house, "C0MORNING")
    assert "comes here" in warning.text
    assert {person.key for person in notice.tag} == {"ravi", "meera"}
    first = next(row for row in house.all(tables.clocks) if row.rung == 1)
    assert (first.state, first.reached) == ("fired", False)


def test_a_card_that_is_refused_in_its_channel_goes_to_the_fallback_at_once(house):
    house.chat.fail_before(AccessDenied("chat", "not in the channel: invite the bot"))
    house.hand_over()
    house.pay()
    assert [card.channel for card in house.chat.cards["1"]] == ["C0MORNING"]


def test_fault_29_a_helpdesk_that_refuses_its_key_is_told_to_the_lead_once(house):
    """A key is revoked: handoffs are taken all the same, the lead is told once, and the connection shows it."""
    for number in range(3):
        house.helpdesk.fail_before(AccessDenied("helpdesk", "the key is wrong"))
        house.hand_over(conversation_id=str(number))
    house.pay()
    house.later(seconds=5)  # behind the cards, which wait for their tickets
    house.pay()
    assert len([notice for notice in said_in(house, "C0MORNING") if "the key is wrong" in notice.text]) == 1
    assert trouble(house)["helpdesk"] == "helpdesk: the key is wrong"


def test_fault_29_trouble_is_over_with_the_first_success(house):
    """A revoked key is replaced: what was owed meanwhile is done, and the connection shows no trouble any more."""
    house.helpdesk.fail_before(AccessDenied("helpdesk", "the key is wrong"))
    house.hand_over()
    house.pay()
    house.later(minutes=5)
    house.pay()
    assert trouble(house)["helpdesk"] is None
    assert len(house.helpdesk.tickets) == 1


def test_what_is_refused_for_two_days_is_given_up_and_told(house):
    receipt = house.hand_over()
    for _ in range(50):
        house.helpdesk.fail_before(AccessDenied("helpdesk", "the key is wrong"))
        house.pay()
        house.later(hours=1)
    assert "failed" in house.events(receipt.handoff_id)


def test_a_webhook_of_the_ladder_that_fails_holds_up_no_callback(house):
    receipt = house.hand_over(callback_url="https://bot.example/callback")
    house.pay()
    house.change(
        receipt.handoff_id,
        lambda change: change.owe(
            "webhook", "webhook", payload={"url": "https://pager.example", "rung": 1}, rung=1
        ),
    )
    house.sender.answers = [500]
    house.pay()
    answer = {"by": "Asha", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(receipt.handoff_id, lambda change: lifecycle.answered(change, **answer))
    house.pay()
    assert any(b"handoff.answered" in body for _, _, body in house.sender.posts)


def test_a_delivery_given_up_as_the_first_sign_of_trouble_is_written_down_once(house):
    receipt = house.hand_over()
    house.helpdesk.fail_before(Busy("helpdesk", "no connection"))
    house.pay()
    house.later(hours=49)
    house.helpdesk.fail_before(AccessDenied("helpdesk", "the key is wrong"))
    house.pay()
    assert house.events(receipt.handoff_id).count("failed") == 1
    assert trouble(house)["helpdesk"] == "helpdesk: the key is wrong"
