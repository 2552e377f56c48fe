"""Answers recorded from a real account, read as the connector reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from bridge.handoffs.model import TicketRef
from connectors.base import AuthorKind, TicketState
from connectors.errors import AccessDenied, Busy, Rejected
from sandbox.server import serve

OWNER = 67013469919  #: the agent who wrote in the recordings
KEY_OWNER = 67021120644


@pytest.fixture
def recorded(vendor_file) -> Callable[[str], Any]:
    return lambda name: json.loads(vendor_file(f"freshdesk/recorded/{name}.json").read_text())


@pytest.fixture
def recorded_helpdesk(recorded, connect):
    """Return a connector to a server that plays the recordings back."""
    tickets = {row["id"]: row for row in recorded("tickets.list.include-requester-stats-description")}
    api = FastAPI()
    api.get("/api/v2/agents/me")(lambda: {"id": KEY_OWNER})
    api.get("/api/v2/agents")(lambda: recorded("agents.list"))
    api.get("/api/v2/groups")(lambda: recorded("groups.list"))
    api.get("/api/v2/ticket_fields")(lambda: recorded("ticket_fields.list"))
    api.get("/api/v2/tickets")(lambda: list(tickets.values()))

    @api.get("/api/v2/tickets/{ticket_id}")
    def ticket(ticket_id: int) -> Any:
        return tickets[ticket_id]

    @api.get("/api/v2/tickets/{ticket_id}/conversations")
    def conversations(ticket_id: int) -> Any:
        return recorded(f"conversations.ticket-{ticket_id}")

    with serve(api) as running:
        yield connect(base_url=running.url)


def ref(ticket_id):
    return TicketRef(connection="freshdesk", id=str(ticket_id))


def told(history):
    return [(message.author.kind, message.public) for message in history.messages]


def test_ticket_22_has_a_reply_and_a_note(recorded_helpdesk):
    history = recorded_helpdesk.history(ref(22))
    assert told(history) == [(AuthorKind.PERSON, True), (AuthorKind.PERSON, False)]
    assert history.messages[0].at == datetime(2022, 11, 16, 16, 16, 58, tzinfo=UTC)
    assert history.messages[0].text == "Hi Example Requester,  Test reply"
    assert history.state is TicketState.OPEN


def test_ticket_23_was_answered_though_its_stats_are_null(recorded_helpdesk, recorded):
    [stats] = [
        row["stats"]
        for row in recorded("tickets.list.include-requester-stats-description")
        if row["id"] == 23
    ]
    history = recorded_helpdesk.history(ref(23))
    assert stats["first_responded_at"] is None
    assert told(history)[0] == (AuthorKind.PERSON, True)
    assert history.messages[0].at == datetime(2022, 11, 22, 15, 2, 12, tzinfo=UTC)


def test_the_survey_on_ticket_23_is_no_message_of_a_customer(recorded_helpdesk):
    assert told(recorded_helpdesk.history(ref(23)))[1] == (AuthorKind.RULE, True)


def test_a_reply_of_the_keys_owner_is_the_bridges(recorded_helpdesk):
    recorded_helpdesk._directory._own_id = OWNER
    assert told(recorded_helpdesk.history(ref(22)))[0] == (AuthorKind.BRIDGE, True)


def test_the_list_is_followed_and_names_no_handoff(recorded_helpdesk, clock):
    page = recorded_helpdesk.changes(None, clock())
    assert {ticket.ref.id for ticket in page.tickets} == {"18", "20", "21", "22", "23"}
    assert all(ticket.handoff_id is None for ticket in page.tickets)


def test_the_check_reads_each_kind_of_choices(recorded_helpdesk):
    findings = {finding.where: finding.problem for finding in recorded_helpdesk.check()}
    assert findings["field handoff_key (cf_handoff_key)"] == "does not exist at Freshdesk"
    assert findings["field company"].startswith("is required of agents and filled by nobody")
    assert {where for where in findings if "cf_" not in where} == {"field company"}


@pytest.mark.parametrize(
    ("status", "error"), [(401, AccessDenied), (403, AccessDenied), (429, Busy), (400, Rejected)]
)
def test_recorded_errors_keep_their_meaning(helpdesk, account, vendor_file, status, error):
    told = json.loads(vendor_file("freshdesk/errors.json").read_text())[str(status)]
    body = json.dumps(told.get("body", told))
    account.goes_wrong("GET agents/me", "status", status=status, body=body)
    with pytest.raises(error):
        helpdesk.check()
