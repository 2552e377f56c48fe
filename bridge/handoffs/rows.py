"""Handoffs as rows of the store, and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, bindparam, select

from bridge.handoffs.model import CardRef, Context, Handoff, State, Summary, TicketRef
from bridge.routing.model import Route
from bridge.sla.model import Policy
from bridge.store import tables

HANDOFFS: Final = tables.handoffs
CONTEXT: Final = TypeAdapter(Context)
SUMMARY: Final = TypeAdapter(Summary)
ROUTE: Final = TypeAdapter(Route)
POLICY: Final = TypeAdapter(Policy)
TICKET: Final = TypeAdapter(TicketRef)
CARD: Final = TypeAdapter(CardRef)

PLAIN: Final = (
    "account_id",
    "handoff_id",
    "test",
    "key_id",
    "desk_version",
    "started_at",
    "asked_at",
    "received_at",
    "promised_at",
    "owner",
    "rung",
    "ticketed_at",
    "carded_at",
    "claimed_by",
    "claimed_at",
    "answered_by",
    "answered_at",
    "delivered_at",
    "closed_at",
    "revision",
)


class UnknownHandoff(Exception):
    """No such handoff in this account."""


def as_row(handoff: Handoff) -> dict[str, Any]:
    """Return every column of `handoff` but its counter."""
    ticket, card = handoff.ticket, handoff.card
    return {
        **{name: getattr(handoff, name) for name in PLAIN},
        "conversation_id": handoff.context.conversation_id,
        "channel": handoff.context.channel,
        "state": handoff.state.value,
        "context": CONTEXT.dump_python(handoff.context, mode="json"),
        "summary": SUMMARY.dump_python(handoff.summary, mode="json"),
        "route": ROUTE.dump_python(handoff.route, mode="json"),
        "policy": POLICY.dump_python(handoff.policy, mode="json"),
        "flags": list(handoff.flags),
        "window_seconds": int(handoff.window.total_seconds()),
        "ticket": TICKET.dump_python(ticket, mode="json") if ticket else None,
        "ticket_connection": ticket.connection if ticket else None,
        "ticket_id": ticket.id if ticket else None,
        "card": CARD.dump_python(card, mode="json") if card else None,
    }


def from_row(row: Row[Any]) -> Handoff:
    found = row._mapping
    return Handoff(
        **{name: found[name] for name in PLAIN},
        state=State(found["state"]),
        context=CONTEXT.validate_python(found["context"]),
        summary=SUMMARY.validate_python(found["summary"]),
        route=ROUTE.validate_python(found["route"]),
        policy=POLICY.validate_python(found["policy"]),
        flags=tuple(found["flags"]),
        window=timedelta(seconds=found["window_seconds"]),
        ticket=TICKET.validate_python(found["ticket"]) if found["ticket"] else None,
        card=CARD.validate_python(found["card"]) if found["card"] else None,
    )


#: what `one` asks for, built once and locked: every change begins with it
LOCKED: Final = (
    select(HANDOFFS)
    .where(HANDOFFS.c.account_id == bindparam("of_account"), HANDOFFS.c.handoff_id == bindparam("of_handoff"))
    .with_for_update()
)


def one(account_id: str, handoff_id: str) -> Select[Any]:
    return select(HANDOFFS).where(HANDOFFS.c.account_id == account_id, HANDOFFS.c.handoff_id == handoff_id)


def find(connection: Connection, account_id: str, handoff_id: str) -> Handoff:
    """Return one handoff. Raises UnknownHandoff."""
    row = connection.execute(one(account_id, handoff_id)).one_or_none()
    if row is None:
        raise UnknownHandoff(handoff_id)
    return from_row(row)


def find_by_ticket(
    connection: Connection, account_id: str, ticket_connection: str, ticket_id: str
) -> frozenset[str]:
    """Return the ids of all handoffs on this ticket: several after a merge, none when it is not ours."""
    found = connection.execute(
        select(HANDOFFS.c.handoff_id).where(
            HANDOFFS.c.account_id == account_id,
            HANDOFFS.c.ticket_connection == ticket_connection,
            HANDOFFS.c.ticket_id == ticket_id,
        )
    )
    return frozenset(found.scalars())


def find_open_conversation(
    connection: Connection, account_id: str, conversation_id: str, *, test: bool
) -> str | None:
    """Return the id of the handoff that holds this conversation now; None when nobody has it.

    Handoffs of a test never mix with live ones.
    """
    found: str | None = connection.execute(
        select(HANDOFFS.c.handoff_id).where(
            HANDOFFS.c.account_id == account_id,
            HANDOFFS.c.conversation_id == conversation_id,
            HANDOFFS.c.test == test,
            HANDOFFS.c.state.in_((State.OPEN.value, State.ANSWERED.value)),
        )
    ).scalar()
    return found
