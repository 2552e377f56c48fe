"""A ticket that belongs to several handoffs, and one that is solved, reopened, then answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.delivery.job import DeliveryState
from bridge.handoffs import lifecycle
from bridge.handoffs.model import State
from bridge.inbound import helpdesk as inbound
from bridge.inbound.tickets import LISTENS_ON
from bridge.store import tables
from bridge.worker.housekeeping import owe_polls
from connectors.base import Author, AuthorKind, HelpdeskEvent, TicketMessage, TicketState


def reply(house):
    author = Author(kind=AuthorKind.PERSON, id="3601", name="Asha Rao")
    return TicketMessage(id="m1", at=house.now, author=author, public=True, text="On its way.")


def take_in(house, event_id="ev1", ticket_id="2", marked=None, message=None):
    event = HelpdeskEvent(event_id=event_id, ticket_id=ticket_id, handoff_id=marked, message=message)
    account = house.account()
    return house.database.transact(
        lambda tx: inbound.take_in(tx, account, "helpdesk", event, event_id.encode(), house.now)
    )


def waiting(house, conversation_id):
    handoff_id = house.hand_over(conversation_id=conversation_id).handoff_id
    house.pay()
    house.later(seconds=1)
    return handoff_id


def readings(house):
    return sorted(
        row.handoff_id
        for row in house.all(tables.deliveries)
        if row.kind == "read_ticket" and row.state == DeliveryState.OWED
    )


def answered_by(house, *handoff_ids):
    return [house.handoff(handoff_id).answered_by for handoff_id in handoff_ids]


@pytest.fixture
def merged(house):
    """Return two handoffs, the older merged into the newer one's ticket, number 2."""
    older, newer = waiting(house, "wa-1"), waiting(house, "wa-2")
    house.change(older, lambda change: lifecycle.moved(change, house.helpdesk.ref("2")))
    house.pay()
    return older, newer


def test_fault_24_a_hint_on_a_merged_ticket_owes_each_handoff_one_reading(house, merged):
    take_in(house, "ev1")
    take_in(house, "ev2")
    assert readings(house) == sorted(merged)


def test_fault_24_an_answer_read_back_from_a_merged_ticket_answers_both(house, merged):
    house.helpdesk.messages["2"] = [reply(house)]
    take_in(house)
    house.pay()
    assert answered_by(house, *merged) == ["Asha Rao", "Asha Rao"]
    assert {clock.state for clock in house.all(tables.clocks)} == {"cancelled"}


def test_fault_24_an_answer_told_by_a_webhook_answers_both(house, merged):
    assert take_in(house, message=reply(house)) is True
    assert take_in(house, message=reply(house)) is False
    assert answered_by(house, *merged) == ["Asha Rao", "Asha Rao"]
    assert [house.events(handoff_id).count("answered") for handoff_id in merged] == [1, 1]


def test_fault_24_the_poll_finds_both(house, merged):
    del house.helpdesk.tickets["1"]  # its mark would name the older one
    house.helpdesk.messages["2"] = [reply(house)]
    owe_polls(house.database, house.connectors, house.now)
    house.pay()
    assert answered_by(house, *merged) == ["Asha Rao", "Asha Rao"]


@pytest.mark.parametrize("marked", ["older", "newer", "nobody"])
def test_the_inbox_names_the_marked_handoff_else_the_first(house, merged, marked):
    older, newer = merged
    mark = {"older": older, "newer": newer, "nobody": "ho_of_somebody_else"}[marked]
    take_in(house, marked=mark, message=reply(house))
    assert [row.handoff_id for row in house.all(tables.inbox)] == [newer if marked == "newer" else older]


def test_a_marked_handoff_hears_with_those_on_the_ticket(house, merged):
    third = waiting(house, "wa-3")
    take_in(house, marked=third, message=reply(house))
    assert answered_by(house, *merged, third) == ["Asha Rao"] * 3


def test_a_withdrawn_handoff_on_the_ticket_hears_nothing_written_later(house, merged):
    older, newer = merged
    house.change(older, lambda change: lifecycle.withdraw(change, "left"))
    house.pay()  # the last reading
    house.later(seconds=2)
    take_in(house, message=reply(house))
    assert answered_by(house, older, newer) == [None, "Asha Rao"]


def closed(house, state):
    """Return a handoff on ticket 1 that was closed, and nobody had answered."""
    handoff_id = waiting(house, "wa-1")
    house.change(handoff_id, lambda change: change.become(state=state, closed_at=house.now))
    return handoff_id


@pytest.mark.parametrize("state", [State.RESOLVED, State.ORPHANED])
def test_an_answer_after_a_close_without_one_is_read_and_counts(house, state):
    handoff_id = closed(house, state)
    house.later(hours=2)
    house.helpdesk.messages["1"] = [reply(house)]
    take_in(house, ticket_id="1")
    house.pay()
    assert house.handoff(handoff_id).answered_at == house.now


@pytest.mark.parametrize("state", [State.RESOLVED, State.ORPHANED])
def test_an_answer_after_a_close_without_one_counts_when_a_webhook_tells_it(house, state):
    handoff_id = closed(house, state)
    house.later(hours=2)
    take_in(house, ticket_id="1", message=reply(house))
    assert answered_by(house, handoff_id) == ["Asha Rao"]


@pytest.mark.parametrize(("early", "owed"), [(timedelta(seconds=1), 1), (timedelta(0), 0)])
@pytest.mark.parametrize("state", [State.RESOLVED, State.ORPHANED, State.WITHDRAWN])
def test_a_close_without_an_answer_is_read_for_seven_days(house, state, early, owed):
    closed(house, state)
    house.now += LISTENS_ON - early
    take_in(house, ticket_id="1")
    assert len(readings(house)) == owed


def test_fault_48_a_ticket_solved_without_an_answer_reopened_and_answered_counts(house):
    """A ticket is solved without a reply, opened again and answered: the answer counts."""
    handoff_id = waiting(house, "wa-1")
    house.helpdesk.states["1"] = TicketState.SOLVED
    take_in(house, "ev1", ticket_id="1")
    house.pay()
    assert answered_by(house, handoff_id) == [None]
    house.later(hours=2)
    house.helpdesk.states["1"] = TicketState.OPEN
    house.helpdesk.messages["1"] = [reply(house)]
    take_in(house, "ev2", ticket_id="1")
    house.pay()
    assert house.handoff(handoff_id).answered_at == house.now


@pytest.mark.parametrize(("early", "owed"), [(timedelta(seconds=1), 1), (timedelta(0), 0)])
def test_what_was_answered_and_solved_is_read_for_seven_days(house, early, owed):
    handoff_id = waiting(house, "wa-1")
    house.helpdesk.messages["1"] = [reply(house)]
    house.helpdesk.states["1"] = TicketState.SOLVED
    take_in(house, "ev1", ticket_id="1")
    house.pay()
    assert house.handoff(handoff_id).state is State.RESOLVED
    house.now += LISTENS_ON - early
    take_in(house, "ev2", ticket_id="1")
    assert len(readings(house)) == owed
