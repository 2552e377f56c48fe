"""Handoffs as rows of the store, and back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, ScalarSelect, bindparam, select

from bridge.handoffs.model import CardRef, Context, Former, Handoff, Outcome, State, Summary, TicketRef
from bridge.routing.model import Route
from bridge.sla.model import Policy
from bridge.store import tables
from bridge.store.columns import Instant, written_out
from bridge.store.lookups import as_keys, keys_given_as

HANDOFFS: Final = tables.handoffs
CONTEXT: Final = TypeAdapter(Context)
SUMMARY: Final = TypeAdapter(Summary)
ROUTE: Final = TypeAdapter(Route)
POLICY: Final = TypeAdapter(Policy)
TICKET: Final = TypeAdapter(TicketRef)
CARD: Final = TypeAdapter(CardRef)
FORMER: Final = TypeAdapter(Former)

ASKED: Final = keys_given_as("conversations")


def _holder(*, test: bool) -> ScalarSelect[str]:
    """Select the handoff that holds a conversation asked for."""
    return (
        select(HANDOFFS.c.handoff_id)
        .where(
            HANDOFFS.c.account_id == bindparam("account_id"),
            HANDOFFS.c.conversation_id == ASKED.c.value,
            HANDOFFS.c.test.is_(test),
            HANDOFFS.c.state.in_(written_out(State.OPEN.value, State.ANSWERED.value)),
        )
        .scalar_subquery()
    )


OPEN_CONVERSATIONS: Final = select(
    ASKED.c.value.label("conversation_id"),
    _holder(test=False).label("live"),
    _holder(test=True).label("test"),
)


def _last_resolved(*, test: bool) -> ScalarSelect[str]:
    """Select the handoff of a conversation asked for that was resolved last, since a moment."""
    return (
        select(HANDOFFS.c.handoff_id)
        .where(
            HANDOFFS.c.account_id == bindparam("account_id"),
            HANDOFFS.c.conversation_id == ASKED.c.value,
            HANDOFFS.c.test.is_(test),
            HANDOFFS.c.state == written_out(State.RESOLVED.value)[0],
            HANDOFFS.c.closed_at > bindparam("since", type_=Instant),
        )
        .order_by(HANDOFFS.c.closed_at.desc(), HANDOFFS.c.handoff_id.desc())
        .limit(1)
        .scalar_subquery()
    )


RESOLVED_CONVERSATIONS: Final = select(
    ASKED.c.value.label("conversation_id"),
    _last_resolved(test=False).label("live"),
    _last_resolved(test=True).label("test"),
)

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
    "channel_closes_at",
    "owner",
    "rung",
    "ticketed_at",
    "carded_at",
    "claimed_by",
    "claimed_at",
    "answered_by",
    "answered_at",
    "delivered_at",
    "customer_wrote_at",
    "owner_called_at",
    "undelivered_at",
    "closed_at",
    "snoozed_until",
    "snoozed_by",
    "rating",
    "outcome_by",
    "handed_on_from",
    "revision",
)


def _context(handoff: Handoff) -> dict[str, Any]:
    context = handoff.context
    return {
        "conversation_id": context.conversation_id,
        "channel": context.channel,
        "context": CONTEXT.dump_python(context, mode="json"),
    }


def _ticket(handoff: Handoff) -> dict[str, Any]:
    ticket = handoff.ticket
    return {
        "ticket": TICKET.dump_python(ticket, mode="json") if ticket else None,
        "ticket_connection": ticket.connection if ticket else None,
        "ticket_id": ticket.id if ticket else None,
    }


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())


#: field of a handoff → the columns it is kept in
COMPOSED: Final[Mapping[str, Callable[[Handoff], dict[str, Any]]]] = {
    "state": lambda handoff: {"state": handoff.state.value},
    "context": _context,
    "summary": lambda handoff: {"summary": SUMMARY.dump_python(handoff.summary, mode="json")},
    "route": lambda handoff: {"route": ROUTE.dump_python(handoff.route, mode="json")},
    "policy": lambda handoff: {"policy": POLICY.dump_python(handoff.policy, mode="json")},
    "flags": lambda handoff: {"flags": list(handoff.flags)},
    "window": lambda handoff: {"window_seconds": int(handoff.window.total_seconds())},
    "closes_after": lambda handoff: {"closes_after_seconds": _seconds(handoff.closes_after)},
    "ticket": _ticket,
    "card": lambda handoff: {"card": CARD.dump_python(handoff.card, mode="json") if handoff.card else None},
    "outcome": lambda handoff: {"outcome": handoff.outcome.value if handoff.outcome else None},
    "former": lambda handoff: {
        "former": FORMER.dump_python(handoff.former, mode="json") if handoff.former else None
    },
}


class UnknownHandoff(Exception):
    """No such handoff in this account."""


def as_row(handoff: Handoff) -> dict[str, Any]:
    """Return every column of `handoff` but its counter."""
    row = {name: getattr(handoff, name) for name in PLAIN}
    for columns in COMPOSED.values():
        row.update(columns(handoff))
    return row


def changed_columns(before: Handoff, after: Handoff) -> dict[str, Any]:
    """Return the columns in which `after` differs from `before`; what is the same is not even rendered."""
    changed = {name: getattr(after, name) for name in PLAIN if getattr(after, name) != getattr(before, name)}
    for name, columns in COMPOSED.items():
        if getattr(after, name) != getattr(before, name):
            changed.update(columns(after))
    return changed


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
        closes_after=_duration(found["closes_after_seconds"]),
        ticket=TICKET.validate_python(found["ticket"]) if found["ticket"] else None,
        card=CARD.validate_python(found["card"]) if found["card"] else None,
        outcome=Outcome(found["outcome"]) if found["outcome"] else None,
        former=FORMER.validate_python(found["former"]) if found["former"] else None,
    )


def _duration(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


# Built once, since putting a statement together costs more than running it.
ONE: Final = select(HANDOFFS).where(
    HANDOFFS.c.account_id == bindparam("of_account"), HANDOFFS.c.handoff_id == bindparam("of_handoff")
)
#: every change begins with it
LOCKED: Final = ONE.with_for_update()
#: several, in the order of their ids, so that whoever locks them never waits in a circle
SEVERAL: Final = (
    select(HANDOFFS)
    .where(
        HANDOFFS.c.account_id == bindparam("of_account"),
        HANDOFFS.c.handoff_id.in_(bindparam("of_handoffs", expanding=True)),
    )
    .order_by(HANDOFFS.c.handoff_id)
)
ON_TICKET: Final = select(HANDOFFS.c.handoff_id).where(
    HANDOFFS.c.account_id == bindparam("of_account"),
    HANDOFFS.c.ticket_connection == bindparam("of_connection"),
    HANDOFFS.c.ticket_id == bindparam("of_ticket"),
)


def find(connection: Connection, account_id: str, handoff_id: str) -> Handoff:
    """Return one handoff. Raises UnknownHandoff."""
    row = connection.execute(ONE, {"of_account": account_id, "of_handoff": handoff_id}).one_or_none()
    if row is None:
        raise UnknownHandoff(handoff_id)
    return from_row(row)


def find_several(connection: Connection, account_id: str, handoff_ids: Iterable[str]) -> dict[str, Handoff]:
    """Return those of the handoffs that exist, by id."""
    # Fetched whole: a row that cannot be read would leave a cursor open, and with it an old snapshot.
    asked = {"of_account": account_id, "of_handoffs": sorted(set(handoff_ids))}
    found = connection.execute(SEVERAL, asked).all()
    return {row.handoff_id: from_row(row) for row in found}


def find_by_ticket(
    connection: Connection, account_id: str, ticket_connection: str, ticket_id: str
) -> frozenset[str]:
    """Return the ids of all handoffs on this ticket: several after a merge, none when it is not ours."""
    asked = {"of_account": account_id, "of_connection": ticket_connection, "of_ticket": ticket_id}
    return frozenset(connection.execute(ON_TICKET, asked).scalars())


def find_open_conversations(
    connection: Connection, account_id: str, conversations: Collection[str]
) -> dict[tuple[str, bool], str]:
    """Return the id of the handoff that holds each conversation now, by conversation and whether it is a test.

    What nobody has is left out. Handoffs of a test never mix with live ones.
    """
    asked = {"account_id": account_id, "conversations": as_keys(conversations)}
    return _by_conversation(connection.execute(OPEN_CONVERSATIONS, asked))


def find_resolved_conversations(
    connection: Connection, account_id: str, conversations: Collection[str], since: datetime
) -> dict[tuple[str, bool], str]:
    """Return the id of the handoff of each conversation that was resolved last, later than `since`.

    By conversation and whether it is a test, as `find_open_conversations`; what was not resolved is left out.
    """
    asked = {"account_id": account_id, "conversations": as_keys(conversations), "since": since}
    return _by_conversation(connection.execute(RESOLVED_CONVERSATIONS, asked))


def _by_conversation(found: Iterable[Any]) -> dict[tuple[str, bool], str]:
    held: dict[tuple[str, bool], str] = {}
    for conversation_id, live, test in found:
        if live:
            held[conversation_id, False] = live
        if test:
            held[conversation_id, True] = test
    return held
