"""What a webhook tells of a ticket before its handoff knows that the ticket is its own."""

from __future__ import annotations

import pytest

from bridge.inbound.helpdesk import take_in
from bridge.store import tables
from connectors.base import Author, AuthorKind, HelpdeskEvent, TicketMessage


def heard(house, *, public, kind=AuthorKind.PERSON):
    """Take in a comment on what will be ticket 1, then open it."""
    house.hand_over()
    author = Author(kind=kind, id="3601", name="Asha Rao")
    said = TicketMessage(id="m1", at=house.now, author=author, public=public, text="On its way.")
    event = HelpdeskEvent(event_id="e1", ticket_id="1", message=said)
    house.helpdesk.messages["1"] = [said]
    account = house.account()
    house.database.transact(lambda tx: take_in(tx, account, "helpdesk", event, b"e1", house.now))
    house.pay()
    return [call for call, _ in house.helpdesk.calls if call == "history"]


def test_an_answer_makes_the_ticket_be_read(house):
    assert heard(house, public=True) == ["history"]
    assert [row.answered_by for row in house.all(tables.handoffs)] == ["Asha Rao"]


@pytest.mark.parametrize(
    ("public", "kind"),
    [
        (False, AuthorKind.PERSON),
        (False, AuthorKind.BRIDGE),
        (True, AuthorKind.BRIDGE),
        (True, AuthorKind.RULE),
    ],
)
def test_what_answers_nobody_costs_no_reading(house, public, kind):
    assert heard(house, public=public, kind=kind) == []
