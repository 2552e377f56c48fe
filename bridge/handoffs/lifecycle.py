"""What can happen to a handoff after it was accepted, in the order in which it usually does.

Each function takes the change it is part of; whoever opened the change writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from bridge.handoffs import alerting, closing, messages, notices, owed
from bridge.handoffs.change import Change
from bridge.handoffs.joining import LONGEST_TRANSCRIPT
from bridge.handoffs.model import BotMay, CardRef, Context, Outcome, Speaker, State, TicketRef, Turn
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
#: the owner is told that the customer wrote again at most once in so long
CALLS_APART: Final = timedelta(minutes=1)
#: changes of a ticket that no words of the customer may come after
TOLD_AFTER_ALL_WORDS: Final = frozenset({"context", "withdrawn"})


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
    handed_on_from = handoff.handed_on_from if handoff.owner == person.key else None
    change.become(claimed_by=person.key, claimed_at=at, owner=person.key, handed_on_from=handed_on_from)
    change.note(
        "claimed",
        actor=person.key,
        at=at,
        tell_bot=True,
        by=person.first_name,
        named_owner=handoff.owner == person.key,
        customer_text=notices.joined(change.account, handoff, person),
        bot=BotMay.SILENT.value,
    )
    change_ticket(change, assignee=person.key)
    show(change)
    return True


def answered(
    change: Change,
    *,
    by: str,
    at: datetime,
    text: str,
    message_id: str,
    attachments: Sequence[tuple[str, str]] = (),
) -> None:
    """A person has written to the customer, first or once more: the bot is to show it, and each message once.

    `by` is the person's name, an attachment is its name and its address. The same message may be told of
    any number of times.
    """
    answered_in_part(change, by=by, at=at, message_id=message_id)
    kept = messages.known(change, message_id)
    if kept and kept.number is not None:
        return
    number = change.note(
        "message",
        actor=storable(by),
        at=at,
        tell_bot=True,
        message={
            "id": message_id,
            "author": storable(by),
            "text": storable(text),
            "at": at.isoformat(),
            "attachments": [{"name": storable(name), "url": storable(url)} for name, url in attachments],
        },
    )
    messages.pass_on(change, message_id, number)


def answered_in_part(change: Change, *, by: str, at: datetime, message_id: str) -> None:
    """As `answered`, but what was written is still to be read: the first such message ends the promise at once.

    An earlier one may come to light after a later one: then the earlier is the answer.
    """
    if messages.known(change, message_id):
        return
    is_answer = change.handoff.answered_at is None or at <= change.handoff.answered_at - SAME_ANSWER
    messages.keep(change, message_id, at, answer=is_answer)
    _nobody_waits_for_it(change, at)
    if is_answer:
        _promise_is_over(change, by=storable(by), at=at, message_id=message_id)


def add_messages(change: Change, turns: Sequence[Turn]) -> None:
    """The customer goes on writing: keep it, and let the ticket have it and whoever has the conversation."""
    context = change.handoff.context
    change.become(
        context=replace(context, transcript=(*context.transcript, *turns)[-LONGEST_TRANSCRIPT:]),
        revision=change.handoff.revision + 1,
    )
    closing.extend(change)
    change.note("customer_wrote", actor="customer", turns=len(turns))
    _owe_turns(change, TURNS.dump_python(tuple(turns), mode="json"))
    if any(turn.speaker is Speaker.CUSTOMER for turn in turns):
        _wrote_again(change)
    show(change)


def add_context(change: Change, context: Context, *, event: str = "context_added") -> None:
    """The bot knows more now: `context` is all of it. Ticket and card follow, unless nothing is new."""
    fresh = context != change.handoff.context
    if fresh:
        change.become(context=context, summary=summarise(context), revision=change.handoff.revision + 1)
        closing.extend(change)
    change.note(event, actor="bot", changed=fresh)
    if fresh:
        change_ticket(change, context=True)
        show(change)


def reassign(
    change: Change,
    to: Person,
    *,
    actor: str,
    rung: int | None = None,
    reason: str | None = None,
    helpdesk_knows: bool = False,
) -> None:
    """Give it to `to`: the card and the clocks follow, and the ticket unless the helpdesk told us of it.

    `reason` is for the timeline alone, None for none.
    """
    before = change.handoff.owner
    change.become(owner=to.key, claimed_by=None, claimed_at=None, handed_on_from=None)
    change.note(
        "reassigned",
        actor=actor,
        tell_bot=True,
        to=to.first_name,
        before=before,
        reason=reason,
        customer_text=notices.passed_on(change.account, change.handoff, to, change.now),
        bot=BotMay.SILENT.value,
    )
    if not helpdesk_knows:
        change_ticket(change, assignee=to.key, rung=rung)
    show(change)
    if actor != to.key:
        alerting.became_theirs(change, to)


def withdraw(change: Change, reason: str | None) -> None:
    """The customer left or the bot took it back. It stays in the report, in a column of its own.

    The reason "customer_left" is a word of ours, and people see it in theirs.
    """
    if not change.handoff.is_open:
        return
    if (reason or "").strip().casefold() == Outcome.CUSTOMER_LEFT:
        change.become(outcome=Outcome.CUSTOMER_LEFT)
    data = {"reason": reason, "bot": BotMay.RESUME.value}
    _close(change, State.WITHDRAWN, "withdrawn", actor="bot", data=data)
    change_ticket(change, withdrawn=True)
    read_once_more(change)


def resolved(change: Change, *, actor: str) -> None:
    """The helpdesk calls it solved: the bot has it again. Without an answer the customer still waits."""
    handoff = change.handoff
    if handoff.is_open and handoff.answered_at is None:
        if SOLVED_UNANSWERED not in handoff.flags:
            change.become(flags=(*handoff.flags, SOLVED_UNANSWERED))
            change.note("solved_unanswered", actor=actor)
    elif handoff.is_open:
        resolve(change, Outcome.SOLVED, actor=actor)


def resolve(
    change: Change, outcome: Outcome, *, actor: str, by: Person | None = None, words: str | None = None
) -> None:
    """It is over for people with this outcome, and the bot may go on. `by` is None where the helpdesk said so."""
    change.become(outcome=outcome, outcome_by=by.key if by else None)
    is_solved = outcome is Outcome.SOLVED
    data = {
        "outcome": outcome.value,
        "by": by.first_name if by else None,
        "words": words,
        "customer_text": notices.solved(change.account, change.handoff) if is_solved else None,
        "bot": BotMay.RESUME.value,
    }
    _close(change, State.RESOLVED, "resolved", actor=actor, data=data)


def close_for_new(change: Change, asked_at: datetime) -> None:
    """The answered conversation is handed over anew, asked for at that time: what was before is over."""
    data = {"asked_at": asked_at.isoformat()}
    _close(change, State.RESOLVED, messages.HANDED_OVER_ANEW, actor="bot", data=data)
    read_once_more(change)


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


def change_ticket(
    change: Change,
    *,
    rung: int | None = None,
    not_before: datetime | None = None,
    urgent: bool = False,
    **what: Any,
) -> None:
    """Owe the ticket a change: assignee, priority, group, turns, context, withdrawn, returned; or a person's comment.

    What tells of the whole conversation, or of its end, comes after all words, so those that wait go now.
    An `urgent` one goes out as if the customer waited for it. Its lane is the handoff, for helpdesks that
    take only so many updates of one ticket.
    """
    connection = _helpdesk_of(change)
    if connection:
        if what.keys() & TOLD_AFTER_ALL_WORDS:
            owed.let_words_go(change)
        change.owe(
            "update_ticket",
            connection,
            payload=what,
            lane=change.handoff.handoff_id,
            rung=rung,
            not_before=not_before,
            urgent=urgent,
        )


def alarm(change: Change, text: str) -> None:
    """Owe the lead a line in the fallback channel, or in the card's where there is none."""
    fallback = change.account.desk.fallback
    channel = fallback.card_channel or change.handoff.route.card_channel
    if change.account.chat and channel:
        lead = fallback.lead or change.handoff.route.lead
        payload = {"text": text, "tag": [lead] if lead else [], "channel": channel}
        change.owe("channel_note", change.account.chat, payload=payload, lane=channel)


def read_once_more(change: Change) -> None:
    """Owe the ticket a last reading: what a person wrote before the end may not have come to us yet."""
    if change.account.helpdesk:
        change.owe("read_ticket", change.account.helpdesk)


def _helpdesk_of(change: Change) -> str | None:
    """Return where the ticket is or is being opened, whichever helpdesk the desk names by now."""
    if change.handoff.ticket:
        return change.handoff.ticket.connection
    return owed.opens_through(change) or change.account.helpdesk


def _owe_turns(change: Change, turns: list[Any]) -> None:
    """Owe the ticket words: at once after a silence, else with those that come in the same while."""
    words = owed.last_words(change)
    if words is None or not owed.add_turns(change, words, turns):
        change_ticket(change, turns=turns, not_before=owed.next_words_at(change))


def _promise_is_over(change: Change, *, by: str, at: datetime, message_id: str) -> None:
    handoff = change.handoff
    first = handoff.answered_at is None
    change.become(answered_at=at, answered_by=by)
    if handoff.state is State.OPEN:
        change.become(state=State.ANSWERED)
    change.note(
        "answered" if first else "answer_corrected",
        actor=by,
        at=at,
        tell_bot=first,
        message={"id": message_id, "author": by},
        answered_in_window=at - handoff.asked_at <= handoff.window,
        bot=change.handoff.bot.value,
    )
    owed.stop(change)
    show(change)


def _wrote_again(change: Change) -> None:
    """The customer writes to whoever has claimed or answered; after an answer no ladder calls, so the owner is told."""
    handoff = change.handoff
    if not (handoff.claimed_by or handoff.answered_at):
        return
    change.become(customer_wrote_at=change.now)
    called_at, owner = handoff.owner_called_at, handoff.owner or handoff.route.lead
    if handoff.state is not State.ANSWERED or (called_at and change.now - called_at < CALLS_APART):
        return
    if change.account.chat and owner and handoff.card:
        change.become(owner_called_at=change.now)
        payload = {"text": "The customer wrote again.", "tag": [owner]}
        change.owe("thread_note", change.account.chat, payload=payload, lane=handoff.card.channel)


def _nobody_waits_for_it(change: Change, at: datetime) -> None:
    """A person has written at that time: words of the customer from before it wait no more."""
    wrote_at = change.handoff.customer_wrote_at
    if wrote_at and at >= wrote_at.replace(microsecond=0):  # helpdesks tell times in whole seconds
        change.become(customer_wrote_at=None)
        show(change)


def _close(change: Change, state: State, event: str, *, actor: str, data: dict[str, Any]) -> None:
    # The answer's time is the helpdesk's: ours may be behind it, and what is answered already ends after that.
    closed_at = max(change.now, change.handoff.answered_at or change.now)
    change.become(state=state, closed_at=closed_at)
    change.note(event, actor=actor, tell_bot=True, **data)
    owed.stop(change)
    show(change)
