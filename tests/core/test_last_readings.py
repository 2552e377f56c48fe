"""A handoff that ends while an answer is still on its way to us: the ticket is read once more, and listened to."""

from __future__ import annotations

from datetime import timedelta

from bridge.handoffs import lifecycle
from bridge.handoffs.model import State
from bridge.inbound.helpdesk import take_in
from connectors.base import Author, AuthorKind, HelpdeskEvent, TicketMessage

MINUTE = timedelta(minutes=1)


def wrote(house, message_id="m1"):
    """Have a person write on ticket 1 now; no webhook tells of it."""
    author = Author(kind=AuthorKind.PERSON, id="3601", name="Asha Rao")
    said = TicketMessage(id=message_id, at=house.now, author=author, public=True, text="On its way.")
    house.helpdesk.messages.setdefault("1", []).append(said)
    return said


def told_of(house, said):
    """Take in the webhook of a message on ticket 1."""
    event = HelpdeskEvent(event_id=f"event-{said.id}", ticket_id="1", message=said)
    account = house.account()
    house.database.transact(lambda tx: take_in(tx, account, "helpdesk", event, b"", house.now))


def withdrawn(house, handoff_id):
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, "the customer left"))
    house.pay()
    return house.handoff(handoff_id)


def test_fault_48_an_answer_written_before_the_withdrawal_counts_though_we_hear_of_it_after(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.later(minutes=1)
    wrote(house)
    house.later(minutes=1)
    found = withdrawn(house, handoff_id)
    assert (found.state, found.answered_at) == (State.WITHDRAWN, house.now - MINUTE)


def test_an_answer_written_before_the_withdrawal_counts_though_the_last_reading_did_not_show_it_yet(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.later(minutes=1)
    said = wrote(house)
    shown_late = house.helpdesk.messages.pop("1")
    house.later(seconds=1)
    withdrawn(house, handoff_id)
    house.helpdesk.messages["1"] = shown_late
    told_of(house, said)
    found = house.handoff(handoff_id)
    assert (found.state, found.answered_at) == (State.WITHDRAWN, said.at)


def test_what_a_person_writes_after_the_withdrawal_is_no_answer(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, "the customer left"))
    house.later(seconds=2)
    told_of(house, wrote(house))
    house.pay()
    assert house.handoff(handoff_id).answered_at is None


def test_an_answer_heard_before_the_withdrawal_counts_though_our_clock_is_put_back_between(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.later(minutes=1)
    said = wrote(house)
    told_of(house, said)
    house.later(hours=-1)
    found = withdrawn(house, handoff_id)
    assert (found.state, found.answered_at, found.closed_at) == (State.WITHDRAWN, said.at, said.at)
    assert found.answered_by == "Asha Rao"


def test_fault_48_an_earlier_answer_counts_though_the_conversation_was_handed_over_anew_meanwhile(house):
    first = house.hand_over().handoff_id
    house.pay()
    house.later(minutes=1)
    wrote(house, "m1")
    house.later(minutes=1)
    known = {"by": "Ravi Iyer", "at": house.now, "text": "hello", "message_id": "m2"}
    house.change(first, lambda change: lifecycle.answered(change, **known))
    house.later(minutes=1)
    house.hand_over()
    house.pay()
    assert house.handoff(first).answered_at == house.now - 2 * MINUTE


def test_a_ticket_that_is_not_there_yet_is_read_once_it_is(house):
    handoff_id = house.hand_over().handoff_id
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, "the customer left"))
    house.pay()
    assert [call for call, _ in house.helpdesk.calls] == ["open_ticket", "update_ticket", "history"]
