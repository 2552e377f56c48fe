"""What the customer goes on writing reaches the ticket: all of it, once, and in order."""

from __future__ import annotations

import pytest

from bridge.handoffs import lifecycle, owed
from bridge.handoffs.model import Speaker, Turn


def write(house, handoff_id, text):
    turn = Turn(speaker=Speaker.CUSTOMER, text=text, at=house.now)
    house.change(handoff_id, lambda change: lifecycle.add_messages(change, [turn]))


def added(house):
    """Return the words in each note that was added to the ticket."""
    return [[turn.text for turn in change.note.transcript] for _, change in house.helpdesk.changed]


@pytest.fixture
def handoff_id(house):
    receipt = house.hand_over()
    house.pay()
    return receipt.handoff_id


def test_messages_of_the_customer_are_folded_into_one_change_of_the_ticket(house, handoff_id):
    for text in ("hello?", "anybody?", "please"):
        write(house, handoff_id, text)
    house.pay()
    assert added(house) == [["hello?", "anybody?", "please"]]


def test_what_comes_after_a_new_context_is_told_with_it_and_not_before_it(house, handoff_id):
    write(house, handoff_id, "hello?")
    house.hand_over(topic="refund")
    write(house, handoff_id, "please")
    house.pay()
    assert added(house) == [["hello?"], ["hello?", "please"]]


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_words_are_not_lost_when_a_worker_takes_up_those_before_them_meanwhile(
    house, handoff_id, monkeypatch
):
    write(house, handoff_id, "hello?")
    add_turns = owed.add_turns
    taken = []

    def claims_first(*given):
        taken.extend(house.claim())
        return add_turns(*given)

    monkeypatch.setattr(owed, "add_turns", claims_first)
    write(house, handoff_id, "please")
    for job in taken:
        house.payer.pay(job)
    house.later(seconds=20)
    house.pay()
    assert added(house) == [["hello?"], ["please"]]
