"""Presses under a card: each kept once, by whoever may."""

from __future__ import annotations

import pytest

from bridge.handoffs.model import CardRef
from bridge.inbound.press import Presses
from connectors.chat import Action, Press, PressAnswer

CARD = CardRef(connection="chat", channel="C0EVENING", message="1")


@pytest.fixture
def presses(house):
    return Presses(
        database=house.database,
        accounts=house.accounts,
        account_id="main",
        connectors=house.connectors,
        clock=lambda: house.now,
    )


def press(handoff_id, user_id, event_id="p1"):
    return Press(
        event_id=event_id,
        action=Action.CLAIM,
        handoff_id=handoff_id,
        user_id=user_id,
        user_name="x",
        card=CARD,
    )


@pytest.fixture
def asha_without_an_id(house, desk_file):
    """Asha is known to the desk by her e-mail alone; Ravi by the chat's id."""
    text = desk_file.read_text().replace("    slack: U07ASHA\n", "")
    desk_file.write_text(text)
    house.database.transact(lambda tx: house.accounts.load_desk(tx, "main", desk_file, house.now))
    house.chat.emails = {"U99": "asha@shop.example"}


def test_somebody_known_by_e_mail_alone_claims_after_the_chat_has_told_who_they_are(
    house, presses, asha_without_an_id
):
    receipt = house.hand_over()
    house.pay()
    assert presses.take(press(receipt.handoff_id, "U99")) == PressAnswer()
    house.pay()
    assert house.handoff(receipt.handoff_id).claimed_by == "asha"


def test_a_stranger_is_refused_privately_and_changes_nothing(house, presses, asha_without_an_id):
    receipt = house.hand_over()
    house.pay()
    presses.take(press(receipt.handoff_id, "U00STRANGER"))
    house.pay()
    assert house.handoff(receipt.handoff_id).claimed_by is None
    place, notice = house.chat.notices[-1]
    assert place == "C0EVENING@U00STRANGER"
    assert "Only people of this desk" in notice.text


def test_a_stranger_is_refused_at_once_where_everybody_has_an_id(house, presses):
    house.chat.vendor = "slack"  # under this name the desk's people carry their ids
    receipt = house.hand_over()
    assert "Only people of this desk" in presses.take(press(receipt.handoff_id, "U00STRANGER")).text


def test_the_same_press_told_twice_has_one_effect(house, presses, asha_without_an_id):
    receipt = house.hand_over()
    house.pay()
    for _ in range(2):
        presses.take(press(receipt.handoff_id, "U99"))
    house.pay()
    assert house.events(receipt.handoff_id).count("claimed") == 1


def test_a_press_on_a_handoff_that_is_not_known_is_refused(presses):
    assert presses.take(press("ho_none", "U99")).text == "This handoff is not known here."
