"""A ticket as its helpdesk tells it, turned into what it means for the handoff."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from bridge.handoffs import lifecycle, messages
from bridge.handoffs.change import Change
from bridge.handoffs.found_at_helpdesk import assigned, rated
from bridge.handoffs.model import State, TicketRef
from connectors.base import AuthorKind, TicketHistory, TicketMessage, TicketState

MESSAGE: Final = TypeAdapter(TicketMessage)


def is_answer(message: TicketMessage, asked_at: datetime) -> bool:
    """Return whether this message stops the response clock: public, by a person, after the ask.

    Source: docs/glossary.md, "answer". Claims, assignments, notes, rules and bots never do.
    """
    asked = asked_at.replace(microsecond=0)  # helpdesks tell times in whole seconds
    return message.public and message.author.kind is AuthorKind.PERSON and message.at >= asked


def heard(change: Change, message: TicketMessage) -> None:
    """Take in one message on the ticket: what a person writes to the customer goes on to the bot, once."""
    if _is_for(change, message):
        lifecycle.answered(
            change,
            by=_author(message),
            at=message.at,
            text=message.text,
            message_id=message.id,
            attachments=[(one.name, one.url) for one in message.attachments],
        )


def heard_in_part(change: Change, message: TicketMessage, connection: str) -> None:
    """Take in a message of which only the ticket tells all: it counts at once, and is passed on once it was read."""
    if not _is_for(change, message) or messages.known(change, message.id):
        return
    lifecycle.answered_in_part(change, by=_author(message), at=message.at, message_id=message.id)
    change.owe("read_message", connection, payload={"message": MESSAGE.dump_python(message, mode="json")})


def _is_for(change: Change, message: TicketMessage) -> bool:
    """Return whether a person wrote it to this handoff's customer.

    What was written after the bot took the handoff back is for nobody; what was written after the
    conversation was handed over anew, on the same ticket, is for that later handoff.
    """
    handoff = change.handoff
    too_late = handoff.state is State.WITHDRAWN and handoff.closed_at and message.at > handoff.closed_at
    if too_late or not is_answer(message, handoff.asked_at):
        return False
    asked_anew = messages.asked_anew_at(change) if handoff.closed_at else None
    return asked_anew is None or not is_answer(message, asked_anew)


def _author(message: TicketMessage) -> str:
    return message.author.name or "a person"


def is_ours(message: TicketMessage, ticket: TicketRef) -> bool:
    """Return whether the message belongs to the handoff's story: not what was said before its ticket came here."""
    return ticket.since is None or message.at >= ticket.since


def told_by(change: Change, history: TicketHistory, read: TicketRef, vendor: str) -> None:
    """Bring the handoff in line with the whole ticket. `read` is where it was looked for, perhaps a former place.

    `vendor` is under which the desk keeps the ids of people at this helpdesk.
    """
    for message in sorted(history.messages, key=lambda message: message.at):
        if is_ours(message, read):
            heard(change, message)
    current = change.handoff.ticket
    if current and current.id != read.id and history.ref.id == read.id:
        return  # a former ticket that goes on elsewhere, in a follow-up: only its words matter
    lifecycle.moved(change, history.ref)
    if history.assignee_id:
        person = change.account.person_by_id(vendor, history.assignee_id)
        assigned(change, person, by=history.ref.connection)
    if history.rating:
        rated(change, history.rating.rating, history.rating.words, by=history.ref.connection)
    if history.state is TicketState.DELETED:
        lifecycle.orphaned(change, actor=history.ref.connection)
    elif history.state is TicketState.SOLVED:
        lifecycle.resolved(change, actor=history.ref.connection)
