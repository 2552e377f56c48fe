"""Where the people of a simulated day would answer."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from sandbox.simulation.case import Case
from sandbox.simulation.desks import AtZendesk

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)


def at_work(*handoff_ids):
    """Return a work place whose tickets 1, 2, … were opened for these handoffs."""
    tickets = {
        number: {"id": number, "external_id": handoff_id, "assignee_id": None}
        for number, handoff_id in enumerate(handoff_ids, 1)
    }
    place = AtZendesk(SimpleNamespace(store=SimpleNamespace(tickets=tickets)))
    place.tickets()
    return place


def a_case(handoff_id):
    return Case(payload={"conversation_id": "wa-1"}, key="bot-1", begins_at=NOON, handoff_id=handoff_id)


def test_each_handoff_of_a_conversation_is_answered_on_its_own_ticket():
    place = at_work("ho_first", "ho_again")
    assert [place.ticket_of(a_case(one)) for one in ("ho_first", "ho_again")] == [1, 2]


def test_a_handoff_without_a_ticket_of_its_own_is_answered_on_its_conversation_s():
    place = at_work("ho_first")
    assert [place.ticket_of(a_case(one)) for one in ("ho_first", "ho_again")] == [1, 1]


def test_where_there_is_no_ticket_yet_nobody_can_answer():
    assert at_work().ticket_of(a_case("ho_first")) is None
