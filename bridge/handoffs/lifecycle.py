"""What can happen to a handoff after it was accepted, in the order in which it usually does.

Each function takes the change it is part of; whoever opened the change writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from bridge.handoffs import owed
from bridge.handoffs.change import Change
from bridge.handoffs.joining import LONGEST_TRANSCRIPT
from bridge.handoffs.model import CardRef, Context, State, TicketRef, Turn
from bridge.handoffs.rows import TICKET
from bridge.handoffs.summary import summarise
from bridge.handoffs.text import storable
from bridge.roster.model import Person

TURNS: Final = TypeAdapter(tuple[Turn, ...])
#: flag of a handoff whose ticket was solved before anybody had answered
SOLVED_UNANSWERED: Final = "solved_unanswered"
#: flag of a handoff whose ticket could not go to the group or the person of its route: a routing failure
MISROUTED: Final = "misrouted"
#: helpdesks tell some times in whole seconds: an answer less earlier than this is the known one, told again
SAME_ANSWER: Final = timedelta(seconds=1)


def ticketed(change: Change, ticket: TicketRef, problems: Sequence[str] = ()) -> None:
    """The helpdesk has the ticket: let the waiting card go, or complete the one that went without it."""
    change.become(ticket=ticket, ticketed_at=change.handoff.ticketed_at or change.now)
    change.note(
        "ticketed",
        actor=ticket.connection,
        tell_bot=True,
        ticket=ticket.id,
        url=ticket.url,
        problems=list(problems),
    )
    if change.handoff.card:
        show(change)
        return
    owed.let_card_go(change)


def moved(change: Change, ticket: TicketRef) -> None:
    """The ticket lives elsewhere now: merged by an agent, or followed up after it was closed."""
    before = change.handoff.ticket
    if before and (before.connection, before.id) == (ticket.connection, ticket.id):
        if ticket.since:
            change.become(ticket=ticket)
        return
    change.become(ticket=ticket)
    change.note(
        "ticket_moved", actor=ticket.connection, ticket=ticket.id, url=ticket.url, before=before and before.id
    )
    show(change)


def misrouted(change: Change) -> None:
    """The helpdesk would not have the route's group or person: its default has the ticket."""
    if MISROUTED not in change.handoff.flags:
        change.become(flags=(*change.handoff.flags, MISROUTED))
        change.note("misrouted", actor="bridge", group=change.handoff.route.group, owner=change.handoff.owner)


def read_former(change: Change, ticket: TicketRef) -> None:
    """Owe a reading of the ticket that the handoff has just left: not all that was said there may have come to us."""
    change.owe("read_ticket", ticket.connection, payload={"former": TICKET.dump_python(ticket, mode="json")})


def announced(change: Change, card: CardRef) -> None:
    """The card stands in the shift's channel."""
    change.become(card=card, carded_at=change.handoff.carded_at or change.now)
    change.note("announced", actor=card.connection, tell_bot=True, channel=card.channel)


def claim(change: Change, person: Person, at: datetime) -> bool:
    """Note that `person` has it. Return False when somebody else had it first, or nobody waits any more."""
    handoff = change.handoff
    if handoff.state is not State.OPEN or handoff.claimed_by:
        return handoff.claimed_by == person.key
    change.become(claimed_by=person.key, claimed_at=at, owner=person.key)
    change.note(
        "claimed",
        actor=person.key,
        at=at,
        tell_bot=True,
        by=person.first_name,
        named_owner=handoff.owner == person.key,
    )
    change_ticket(change, assignee=person.key)
    show(change)
    return True


def answered(change: Change, *, by: str, at: datetime, text: str, message_id: str) -> None:
    """A person has written to the customer: the promise is over, kept or not.

    `by` is the person's name. The same message may be told of twice, and an earlier one may
    come to light after a later one: then the earlier counts.
    """
    handoff = change.handoff
    if handoff.answered_at and at > handoff.answered_at - SAME_ANSWER:
        return
    first = handoff.answered_at is None
    by, text = storable(by), storable(text)
    change.become(answered_at=at, answered_by=by)
    if handoff.state is State.OPEN:
        change.become(state=State.ANSWERED)
    within = at - handoff.asked_at <= handoff.window
    change.note(
        "answered" if first else "answer_corrected",
        actor=by,
        at=at,
        tell_bot=first,
        message={"id": message_id, "author": by, "text": text},
        answered_in_window=within,
    )
    owed.stop(change)
    show(change)


def add_messages(change: Change, turns: Sequence[Turn]) -> None:
    """The customer goes on writing: keep it, and let the ticket have it."""
    context = change.handoff.context
    change.become(
        context=replace(context, transcript=(*context.transcript, *turns)[-LONGEST_TRANSCRIPT:]),
        revision=change.handoff.revision + 1,
    )
    change.note("customer_wrote", actor="customer", turns=len(turns))
    _owe_turns(change, TURNS.dump_python(tuple(turns), mode="json"))
    show(change)


def add_context(change: Change, context: Context, *, event: str = "context_added") -> None:
    """The bot knows more now: `context` is all of it. Ticket and card follow, unless nothing is new."""
    fresh = context != change.handoff.context
    if fresh:
        change.become(context=context, summary=summarise(context), revision=change.handoff.revision + 1)
    change.note(event, actor="bot", changed=fresh)
    if fresh:
        change_ticket(change, context=True)
        show(change)


def reassign(
    change: Change, to: Person, *, actor: str, rung: int | None = None, words: str | None = None
) -> None:
    """Give it to `to`: the ticket, the card and the clocks follow. `words` are what the giver adds, None for none."""
    before = change.handoff.owner
    change.become(owner=to.key, claimed_by=None, claimed_at=None)
    change.note("reassigned", actor=actor, tell_bot=True, to=to.first_name, before=before, words=words)
    change_ticket(change, assignee=to.key, rung=rung)
    show(change)


def withdraw(change: Change, reason: str | None) -> None:
    """The customer left or the bot took it back. It stays in the report, in a column of its own."""
    if not change.handoff.is_open:
        return
    _close(change, State.WITHDRAWN, "withdrawn", actor="bot", data={"reason": reason})
    change_ticket(change, withdrawn=True)
    _read_once_more(change)


def resolved(change: Change, *, actor: str) -> None:
    """The helpdesk calls it solved. Without an answer that closes nothing: the customer still waits."""
    handoff = change.handoff
    if handoff.is_open and handoff.answered_at is None:
        if SOLVED_UNANSWERED not in handoff.flags:
            change.become(flags=(*handoff.flags, SOLVED_UNANSWERED))
            change.note("solved_unanswered", actor=actor)
    elif handoff.is_open:
        _close(change, State.RESOLVED, "resolved", actor=actor, data={})


def close_for_new(change: Change) -> None:
    """The answered conversation is handed over anew: what was before is over."""
    _close(change, State.RESOLVED, "handed_over_anew", actor="bot", data={})
    _read_once_more(change)


def orphaned(change: Change, *, actor: str) -> None:
    """The ticket was deleted or called spam: a miss in the number, and the lead must know."""
    if not change.handoff.is_open:
        return
    _close(change, State.ORPHANED, "orphaned", actor=actor, data={})
    alarm(change, "Its ticket was deleted or marked as spam; the customer still waits.")


def show(change: Change) -> None:
    """Owe the card another look at the handoff, unless one is owed already or the card is still to come."""
    if change.handoff.card and change.account.chat:
        change.owe_once("update_card", change.account.chat)


def change_ticket(change: Change, *, rung: int | None = None, urgent: bool = False, **what: Any) -> None:
    """Owe the ticket a change: any of assignee, priority, group, turns, context, withdrawn; or a person's comment.

    An `urgent` one goes out as if the customer waited for it.
    """
    connection = _helpdesk_of(change)
    if connection:
        change.owe("update_ticket", connection, payload=what, rung=rung, urgent=urgent)


def alarm(change: Change, text: str) -> None:
    """Owe the lead a line in the fallback channel, or in the card's where there is none."""
    fallback = change.account.desk.fallback
    channel = fallback.card_channel or change.handoff.route.card_channel
    if change.account.chat and channel:
        lead = fallback.lead or change.handoff.route.lead
        payload = {"text": text, "tag": [lead] if lead else [], "channel": channel}
        change.owe("channel_note", change.account.chat, payload=payload, lane=channel)


def _helpdesk_of(change: Change) -> str | None:
    """Return where the ticket is or is being opened, whichever helpdesk the desk names by now."""
    if change.handoff.ticket:
        return change.handoff.ticket.connection
    return owed.opens_through(change) or change.account.helpdesk


def _owe_turns(change: Change, turns: list[Any]) -> None:
    words = owed.last_words(change)
    if words is None or not owed.add_turns(change, words, turns):
        change_ticket(change, turns=turns)


def _close(change: Change, state: State, event: str, *, actor: str, data: dict[str, Any]) -> None:
    # The answer's time is the helpdesk's: ours may be behind it, and what is answered already ends after that.
    closed_at = max(change.now, change.handoff.answered_at or change.now)
    change.become(state=state, closed_at=closed_at)
    change.note(event, actor=actor, tell_bot=True, **data)
    owed.stop(change)
    show(change)


def _read_once_more(change: Change) -> None:
    """Owe the ticket a last reading: what a person wrote before the end may not have come to us yet."""
    if change.account.helpdesk:
        change.owe("read_ticket", change.account.helpdesk)
