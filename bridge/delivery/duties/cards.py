"""The card in the shift's channel, the lines in its thread, and messages to one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bridge.delivery import detours
from bridge.delivery.duties import digest
from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs import absence, defects, lifecycle, notifying
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change
from bridge.handoffs.model import Handoff, Outcome, State
from bridge.handoffs.redaction import mask
from bridge.handoffs.returning import IN_WORDS
from bridge.handoffs.summary import two_lines
from bridge.roster.model import Person
from connectors.chat import Attention, Card, CardOutcome, CardState, Chat, Notice, Reach
from connectors.errors import ConnectorError

CLOSINGS: Final = {
    State.WITHDRAWN: "withdrawn",
    State.RESOLVED: "resolved",
    State.ORPHANED: "its ticket was deleted",
}


def post_card(job: Job, bench: Workbench) -> Paid:
    handoff = bench.the_handoff()
    if handoff.card:
        return Paid(pointless="the card is there")
    channel = job.payload["channel"]
    card = card_of(bench.account, handoff, channel, bench.now)
    chat = bench.chats[job.connection]
    stale = digest.is_stale(handoff, bench.now)
    outcome = chat.find_card(channel, job.once) if stale else chat.post_card(card, job.once)
    if outcome is None:
        return Paid(
            pointless="it came too late to call anybody, and is told in a digest",
            errand=lambda tx, account, now: digest.add(
                tx, account, job.connection, channel, digest.line_of(card), now
            ),
        )
    attention = _attention(chat, card)
    return Paid(effect=lambda change: _announced(change, outcome, card, attention))


def update_card(job: Job, bench: Workbench) -> Paid:
    handoff = bench.the_handoff()
    if handoff.card is None:
        return Paid(pointless="there is no card to change")
    card = card_of(bench.account, handoff, handoff.card.channel, bench.now)
    bench.chats[job.connection].update_card(handoff.card, card)
    return Paid()


def thread_note(job: Job, bench: Workbench) -> Paid:
    """Write under the card; without a card, into the channel it would stand in."""
    handoff = bench.the_handoff()
    notice = _notice(job, bench)
    chat = bench.chats[job.connection]
    if handoff.card:
        reach = chat.post_in_thread(handoff.card, notice, job.once)
    elif job.lane:
        reach = chat.post_in_channel(job.lane, notice, job.once)
    else:
        return Paid(pointless="there is no card to write under")
    return _said(notice.tag, reach, job.rung)


def channel_note(job: Job, bench: Workbench) -> Paid:
    bench.chats[job.connection].post_in_channel(job.payload["channel"], _notice(job, bench), job.once)
    return Paid()


def direct_message(job: Job, bench: Workbench) -> Paid:
    """Write to one person; with the two lines, where it is about a handoff."""
    person = bench.account.person(job.payload["to"])
    if person is None:
        return Paid(pointless="the desk no longer knows this person")
    by_rule, handoff = "by_rule" in job.payload, bench.handoff
    if by_rule and (handoff is None or handoff.owner != person.key or handoff.state is not State.OPEN):
        return Paid(pointless="it is not theirs any more")
    about = two_lines(handoff.summary) if handoff else ()
    notice = Notice(text="\n".join([job.payload["text"], *about]))
    reach = bench.chats[job.connection].direct_message(person, notice, job.once)
    # What a person asked for beside the ladder calls nobody else where it does not arrive.
    return Paid() if by_rule else _said((person,), reach, job.rung)


def private_line(job: Job, bench: Workbench) -> Paid:
    """Tell one user alone: in a channel, or by direct message where they are in none."""
    said, chat = job.payload, bench.chats[job.connection]
    if said["channel"]:
        chat.tell_privately(said["channel"], said["user_id"], said["text"])
    else:
        chat.tell_user(said["user_id"], Notice(text=said["text"]), job.once)
    return Paid()


def card_of(account: Account, handoff: Handoff, channel: str, now: datetime) -> Card:
    """Return what the card shows at `now`. Every word of the customer in it is masked."""
    trigger, customer = handoff.context.trigger, handoff.context.customer
    return Card(
        handoff_id=handoff.handoff_id,
        channel=channel,
        state=_state(handoff, now),
        lines=two_lines(handoff.summary),
        reason=mask(f"{trigger.kind}: {trigger.code}" if trigger.code else trigger.kind.value),
        waiting_since=handoff.waiting_since,
        promised_at=handoff.promised_at,
        owner=account.person(handoff.owner),
        lead=account.person(handoff.route.lead or account.desk.fallback.lead),
        customer=_first_name(customer.name),
        topic=mask(handoff.context.topic) if handoff.context.topic else None,
        built=handoff.summary.built,
        ticket=handoff.ticket,
        claimed_by=_name(account.person(handoff.claimed_by)),
        snoozed_until=_snoozed_until(handoff, now),
        snoozed_by=_name(account.person(handoff.snoozed_by)),
        answered_by=handoff.answered_by,
        answered_at=handoff.answered_at,
        within_promise=handoff.answered_at <= handoff.promised_at if handoff.answered_at else None,
        wrote_again_at=handoff.customer_wrote_at,
        undelivered=handoff.undelivered_at is not None,
        closing=_closing(account, handoff),
        handed_on_from=account.person(handoff.handed_on_from),
        was_with=account.person(handoff.former.person) if handoff.former else None,
        was_with_until=handoff.former.until if handoff.former else None,
        flags=("test", *handoff.flags) if handoff.test else handoff.flags,
        customer_channel=handoff.context.channel,
        channel_closes_at=handoff.channel_closes_at,
    )


def _closing(account: Account, handoff: Handoff) -> str | None:
    """Return how it ended, in words; None while it is open."""
    if handoff.outcome is Outcome.CUSTOMER_LEFT and handoff.state in CLOSINGS:
        return IN_WORDS[handoff.outcome]
    by = account.person(handoff.outcome_by)
    if handoff.state is not State.RESOLVED or handoff.outcome is None or by is None:
        return CLOSINGS.get(handoff.state)
    return f"{IN_WORDS[handoff.outcome]}, given back by {by.name}"


def _state(handoff: Handoff, now: datetime) -> CardState:
    if handoff.state in CLOSINGS:
        return CardState.CLOSED
    if handoff.state is State.ANSWERED:
        return CardState.ANSWERED
    if now >= handoff.promised_at:
        return CardState.LATE
    return CardState.CLAIMED if handoff.claimed_by else CardState.WAITING


def _snoozed_until(handoff: Handoff, now: datetime) -> datetime | None:
    until = handoff.snoozed_until
    return until if until and until > now and handoff.state is State.OPEN else None


def _attention(chat: Chat, card: Card) -> Attention:
    """Return whether the owner would notice the card. Where the chat does not say, a person counts as there."""
    if card.owner is None or card.state not in (CardState.WAITING, CardState.LATE):
        return Attention.HERE
    try:
        return chat.attention(card.owner)
    except ConnectorError:
        return Attention.HERE


def _announced(change: Change, outcome: CardOutcome, posted: Card, attention: Attention) -> None:
    lifecycle.announced(change, outcome.ref)
    defects.over(change.tx, change.handoff.account_id, detours.about(outcome.ref.channel))
    if _waits_for(change.handoff, posted.owner):
        if attention is Attention.UNREACHABLE:
            absence.owner_unreachable(change)
        elif attention is Attention.AWAY:
            absence.owner_away(change)
    if outcome.found or card_of(change.account, change.handoff, posted.channel, change.now) != posted:
        lifecycle.show(change)  # something happened while the card was on its way


def _waits_for(handoff: Handoff, person: Person | None) -> bool:
    """Return whether this person is still the one who must act."""
    unclaimed = handoff.state is State.OPEN and handoff.claimed_by is None
    return unclaimed and person is not None and handoff.owner == person.key


def _said(called: Sequence[Person], reach: Reach, rung: int | None) -> Paid:
    """Return what a post that `called` these people changes: nothing, unless a rung asked for it or all were missed."""
    missed = [person for person in called if person.key not in reach.people]
    nobody = bool(missed) and len(missed) == len(called)
    if rung is None and not nobody:
        return Paid()

    def effect(change: Change) -> None:
        notifying.spare(change, rung, reach.people)
        if nobody:
            _call_lead(change, missed)

    return Paid(effect=effect)


def _call_lead(change: Change, missed: Sequence[Person]) -> None:
    """A post that could tag nobody has not called anybody: the lead hears of it instead."""
    names = ", ".join(person.name for person in missed)
    change.note("nobody_reached", actor="bridge", people=[person.key for person in missed])
    lifecycle.alarm(change, f"{names} could not be reached in the chat: a customer is waiting.")


def _notice(job: Job, bench: Workbench) -> Notice:
    return Notice(text=job.payload["text"], tag=bench.people(list(job.payload.get("tag", []))))


def _first_name(name: str | None) -> str | None:
    """Return the first word of a customer's name; None for a name that holds what must be masked."""
    words = (name or "").split()
    return words[0] if words and mask(name or "") == name else None


def _name(person: Person | None) -> str | None:
    return person.name if person else None
