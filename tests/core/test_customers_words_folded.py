"""The customer's words go to the ticket at once after a silence, and together while they come fast."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.delivery.purse import SLOTS
from bridge.handoffs import lifecycle
from bridge.handoffs.model import Speaker, Turn
from bridge.handoffs.owed import MOST_WORDS_BYTES, WORDS_APART
from bridge.handoffs.purging import purge_some
from bridge.inbound.tickets import owe_reading
from bridge.store import tables
from connectors.base import Priority
from connectors.errors import OutcomeUnknown
from connectors.zendesk.rates import LIMITS, UPDATES_OF_ONE_TICKET

TEN_MINUTES = timedelta(minutes=10)


def write(house, handoff_id, *texts):
    turns = [Turn(speaker=Speaker.CUSTOMER, text=text, at=house.now) for text in texts]
    house.change(handoff_id, lambda change: lifecycle.add_messages(change, turns))


def added(house):
    """Return the words in each note that was added to the ticket."""
    return [
        [turn.text for turn in change.note.transcript] for _, change in house.helpdesk.changed if change.note
    ]


@pytest.fixture
def handoff_id(house):
    receipt = house.hand_over()
    house.pay()
    return receipt.handoff_id


@pytest.fixture
def said_hello(house, handoff_id):
    """Return a handoff whose ticket has just been given words."""
    write(house, handoff_id, "hello?")
    house.pay()
    return handoff_id


def test_the_first_words_go_at_once(house, said_hello):
    assert added(house) == [["hello?"]]


def test_words_that_follow_wait_for_more_of_them(house, said_hello):
    write(house, said_hello, "anybody?")
    house.later(seconds=19)
    write(house, said_hello, "please")
    house.pay()
    assert added(house) == [["hello?"]]
    house.later(seconds=1)
    house.pay()
    assert added(house) == [["hello?"], ["anybody?", "please"]]


def test_words_after_a_silence_go_at_once(house, said_hello):
    house.later(seconds=20)
    write(house, said_hello, "anybody?")
    house.pay()
    assert added(house) == [["hello?"], ["anybody?"]]


def test_a_customer_who_types_without_a_pause_makes_an_update_in_twenty_seconds(house, said_hello):
    for number in range(300):
        house.later(seconds=2)
        write(house, said_hello, f"line {number}")
        house.pay()
    house.later(minutes=1)
    house.pay()
    lines = [text for words in added(house) for text in words]
    assert lines == ["hello?", *(f"line {number}" for number in range(300))]
    assert len(added(house)) == 1 + TEN_MINUTES // WORDS_APART


def test_many_words_begin_a_note_of_their_own(house, said_hello):
    half = "x" * (MOST_WORDS_BYTES // 2)
    write(house, said_hello, half)
    write(house, said_hello, half)
    write(house, said_hello, "and more")
    house.later(seconds=20)
    house.pay()
    assert added(house) == [["hello?"], [half, half]]
    house.later(seconds=20)
    house.pay()
    assert added(house)[2:] == [["and more"]]


def test_other_changes_and_readings_of_the_ticket_do_not_wait_with_the_words(house, said_hello):
    write(house, said_hello, "anybody?")
    house.change(said_hello, lambda change: lifecycle.change_ticket(change, priority="urgent"))
    house.change(said_hello, lambda change: owe_reading(change, change.handoff.ticket))
    house.pay()
    assert house.helpdesk.changed[-1][1].priority is Priority.URGENT
    assert house.helpdesk.calls[-1] == ("history", "1")
    assert added(house) == [["hello?"]]
    house.later(seconds=20)
    house.pay()
    assert added(house) == [["hello?"], ["anybody?"]]


@pytest.mark.parametrize("what", ["context", "withdrawal"])
def test_waiting_words_go_before_what_tells_of_all_or_of_the_end(house, said_hello, what):
    write(house, said_hello, "anybody?")
    if what == "context":
        house.hand_over(topic="refund")
    else:
        house.change(said_hello, lambda change: lifecycle.withdraw(change, "left"))
    house.pay()
    assert added(house)[1] == ["anybody?"]
    assert len(added(house)) == 3


def test_words_that_failed_hold_up_what_comes_behind_them(house, said_hello):
    """Order is kept among what was begun: nobody knows whether it has arrived."""
    house.later(seconds=20)
    write(house, said_hello, "anybody?")
    house.helpdesk.fail_before(OutcomeUnknown("helpdesk", "no answer"))
    house.change(said_hello, lambda change: lifecycle.change_ticket(change, priority="urgent"))
    house.pay()
    assert [change.priority for _, change in house.helpdesk.changed] == [None]


def test_no_more_than_thirty_updates_of_one_ticket_go_in_ten_minutes(house, handoff_id):
    house.helpdesk.limits = LIMITS
    for _ in range(UPDATES_OF_ONE_TICKET + 5):
        house.change(handoff_id, lambda change: lifecycle.change_ticket(change, priority="urgent"))
    for _ in range(9):
        house.pay()
        house.later(minutes=1)
    assert len(house.helpdesk.changed) == UPDATES_OF_ONE_TICKET
    house.later(minutes=1)
    house.now += TEN_MINUTES / SLOTS * 3
    house.pay()
    assert len(house.helpdesk.changed) == UPDATES_OF_ONE_TICKET + 5


def test_the_updates_of_one_ticket_take_nothing_from_those_of_another(house, handoff_id):
    house.helpdesk.limits = LIMITS
    other = house.hand_over(conversation_id="wa-2").handoff_id
    for _ in range(UPDATES_OF_ONE_TICKET + 5):
        house.change(handoff_id, lambda change: lifecycle.change_ticket(change, priority="urgent"))
    house.pay()
    house.change(other, lambda change: lifecycle.change_ticket(change, priority="high"))
    house.pay()
    assert house.helpdesk.changed[-1][0] == "2"


def test_what_was_counted_of_a_ticket_goes_with_its_handoff(house, said_hello):
    house.helpdesk.limits = LIMITS
    house.change(said_hello, lambda change: lifecycle.withdraw(change, "left"))
    house.pay()
    lanes = select(tables.budgets.c.lane).where(tables.budgets.c.lane == said_hello)
    with house.database.read() as connection:
        assert connection.execute(lanes).all() != []
    house.later(days=32)
    house.database.transact(lambda tx: purge_some(tx, "main", house.now - timedelta(days=31), 50))
    with house.database.read() as connection:
        assert connection.execute(lanes).all() == []
