"""A card whose answer was lost, and what became of its handoff before we looked again."""

from __future__ import annotations

import pytest

from bridge.handoffs import lifecycle
from bridge.store import tables
from connectors.errors import OutcomeUnknown, Unreachable


def states(house, kind):
    return [row.state for row in house.all(tables.deliveries) if row.kind == kind]


@pytest.fixture
def handoff_id(house):
    """Return a handoff whose card is posted, and the answer lost."""
    found = house.hand_over().handoff_id
    house.chat.fail_after(OutcomeUnknown("chat", "reset"))
    house.pay()
    return found


def ends(house, handoff_id):
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, "the customer left"))


def test_a_card_that_stands_is_found_though_it_is_too_late_to_call_anybody(house, handoff_id):
    ends(house, handoff_id)
    house.later(minutes=6)
    house.pay()
    (shown,) = house.chat.cards.values()
    assert house.handoff(handoff_id).card is not None
    assert [card.closing for card in shown] == [None, "withdrawn"]
    assert states(house, "card_digest") == []


def test_a_card_that_stands_shows_what_happened_before_it_was_found(house, handoff_id):
    ends(house, handoff_id)
    house.later(minutes=1)
    house.pay()
    (shown,) = house.chat.cards.values()
    assert [card.closing for card in shown] == [None, "withdrawn"]


@pytest.mark.parametrize("failure", [OutcomeUnknown, Unreachable])
def test_a_late_card_that_never_came_is_told_in_the_digest(house, failure):
    handoff_id = house.hand_over().handoff_id
    house.chat.fail_before(failure("chat", "away"))
    house.pay()
    ends(house, handoff_id)
    house.later(minutes=6)
    house.pay()
    assert (house.chat.cards, states(house, "card_digest")) == ({}, ["owed"])
