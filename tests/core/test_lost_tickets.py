"""After a restore: tickets of handoffs that the store has lost, which a helpdesk shows when it will."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bridge.delivery.duties.poll import SHOWN_WITHIN, from_moment
from bridge.handoffs.ids import new_id
from bridge.store import tables
from bridge.worker.housekeeping import owe_polls
from connectors.base import ChangedTicket, ChangePage, TicketRef


class SlowToShow:
    """A helpdesk's list of changes, that shows a ticket when it is told to."""

    def __init__(self, ticket: ChangedTicket) -> None:
        self._ticket = ticket
        self.shown = False

    def changes(self, cursor, now):
        return ChangePage(cursor=now.isoformat(), tickets=(self._ticket,) if self.shown else ())


@pytest.fixture
def lost(house, monkeypatch):
    """Return the list of a helpdesk with the ticket of a handoff that was accepted after the copy was made."""
    copied_at = house.now
    house.later(minutes=1)
    ticket = ChangedTicket(ref=TicketRef(connection="helpdesk", id="77"), handoff_id=new_id("ho", house.now))
    slow = SlowToShow(ticket)
    monkeypatch.setattr(house.helpdesk, "changes", slow.changes)
    owe_polls(house.database, house.connectors, house.now)
    poll = from_moment(house.helpdesk, copied_at, house.now)
    house.database.transact(lambda tx: tx.execute(update(tables.deliveries).values(payload=poll)))
    return slow


def told_in_the_next_poll(house):
    with capture_logs() as logs:
        house.pay()
    return [each["ticket"] for each in logs if each["event"] == "ticket_of_a_lost_handoff"]


def test_fault_14_the_ticket_of_a_lost_handoff_is_told_of_though_the_helpdesk_shows_it_late(house, lost):
    """The helpdesk's list hides the last minute: what was lost in it is told of when it shows."""
    assert told_in_the_next_poll(house) == []
    lost.shown = True
    house.later(minutes=2)
    assert told_in_the_next_poll(house) == ["77"]


def test_the_ticket_of_an_unknown_handoff_long_after_the_restore_is_none_of_ours(house, lost):
    house.pay()
    house.now += SHOWN_WITHIN + timedelta(seconds=1)
    house.pay()
    lost.shown = True
    house.later(minutes=2)
    assert told_in_the_next_poll(house) == []
