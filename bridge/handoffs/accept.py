"""Acceptance: one transaction keeps the handoff, its frozen route and policy, its clocks and what is owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.handoffs import alerting, closing, notices, notifying, reopening, rows
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.document import facts
from bridge.handoffs.ids import new_id
from bridge.handoffs.joining import joined
from bridge.handoffs.lifecycle import SAME_ANSWER, add_context, change_ticket, close_for_new
from bridge.handoffs.model import Context, Former, Handoff, State, TicketRef
from bridge.handoffs.summary import summarise
from bridge.roster.on_duty import on_duty
from bridge.routing.choose import choose
from bridge.routing.model import Route
from bridge.sla.due import before_closing, due_times, promised_at
from bridge.sla.model import Policy
from bridge.store import Transaction

#: the card goes out without its ticket after so long, and is completed later
CARD_WAITS_FOR_TICKET: Final = timedelta(seconds=5)
#: the clock that stands for the promise itself; rungs count from 1
PROMISE: Final = 0
#: flag of a handoff that came while nobody was on duty
GAP: Final = "gap"


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """What the intake has read and cleaned. `started_at` is None when the bot did not say."""

    context: Context
    asked_at: datetime
    started_at: datetime | None = None
    flags: tuple[str, ...] = ()
    test: bool = False
    key_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What the bot is told. `owner` is a first name, None on a roster gap."""

    handoff_id: str
    owner: str | None
    customer_text: str
    promised_at: datetime
    again: bool = False  #: the conversation was open already; that handoff was brought up to date


def accept(tx: Transaction, account: Account, handover: Handover, now: datetime) -> Receipt:
    """Keep one handoff and all it causes; see `accept_together`."""
    return accept_together(tx, account, [(handover, now)])[0]


def accept_together(
    tx: Transaction, account: Account, handovers: Sequence[tuple[Handover, datetime]]
) -> list[Receipt]:
    """Keep handoffs of different conversations and all they cause; return a receipt for each, in order.

    Each comes with the moment of its arrival. A conversation that is still open is brought up to date instead.
    """
    conversations = {handover.context.conversation_id for handover, _ in handovers}
    held = rows.find_open_conversations(tx.connection, account.account_id, conversations)
    fresh = {handover.context.conversation_id for handover, _ in handovers if _place(handover) not in held}
    formers = reopening.formers(tx, account, fresh, max(now for _, now in handovers)) if fresh else {}
    return [
        _keep(tx, account, handover, held.get(_place(handover)), formers.get(_place(handover)), now)
        for handover, now in handovers
    ]


def plan(
    account: Account, context: Context, now: datetime, former: Former | None = None
) -> tuple[Route, Policy]:
    """Return the route and policy a handoff with this context would get now, after `former` had it."""
    desk = account.desk
    duty = on_duty(desk.roster, context.channel, now)
    again = reopening.has_it_again(account, context.channel, former, now)
    route = choose(desk.routes, facts(context), duty, desk.fallback, again=again)
    return route, desk.policies[route.policy]


def _first(
    tx: Transaction,
    account: Account,
    handover: Handover,
    now: datetime,
    ticket: TicketRef | None = None,
    *,
    former: Former | None = None,
) -> Change:
    """Make a handoff; `ticket` is the conversation's own from an earlier one, None to open one.

    `former` is who had the conversation not long ago, None for nobody.
    """
    context, desk = handover.context, account.desk
    route, policy = plan(account, context, now, former)
    closes_after = closing.closes_after(account, context.channel)
    closes_at = closing.closes_at(context, closes_after, now)
    promised = promised_at(policy, handover.asked_at, desk.roster, context.channel)
    handoff = Handoff(
        account_id=account.account_id,
        handoff_id=new_id("ho", now),
        state=State.OPEN,
        context=context,
        summary=summarise(context),
        route=route,
        policy=policy,
        window=_window(account, context.channel, policy),
        started_at=handover.started_at,
        asked_at=handover.asked_at,
        received_at=now,
        promised_at=before_closing(promised, closes_at, now),
        closes_after=closes_after,
        channel_closes_at=closes_at,
        desk_version=account.desk_version,
        key_id=handover.key_id,
        test=handover.test,
        flags=handover.flags if route.owner else (*handover.flags, GAP),
        owner=route.owner,
        ticket=ticket,
        ticketed_at=now if ticket else None,
        former=former,
    )
    change = Change(tx, account, handoff, now)
    change.note(
        "accepted",
        actor="bot",
        tell_bot=True,
        owner=_first_name(account, handoff.owner),
        promised_at=handoff.promised_at.isoformat(),
        customer_text=notices.kept(account, handoff, now),
        reasons=[reason.text for reason in route.reasons],
        flags=list(handoff.flags),
    )
    _owe_ticket_and_card(change)
    owner = account.person(handoff.owner)
    if owner:
        alerting.became_theirs(change, owner)
    _arm_clocks(change)
    return change


def _place(handover: Handover) -> tuple[str, bool]:
    """Return under what a handoff holds its conversation: a test's never mix with live ones."""
    return handover.context.conversation_id, handover.test


def _keep(
    tx: Transaction,
    account: Account,
    handover: Handover,
    held_by: str | None,
    former: Former | None,
    now: datetime,
) -> Receipt:
    """Keep one handoff; `held_by` is the id of the one that has its conversation already, None for none."""
    if held_by is None:
        change = _first(tx, account, handover, now, former=former)
        change.write()
        return _receipt(change)
    change = open_change(tx, account, held_by, now)
    if change.handoff.state is State.ANSWERED:
        return _anew(change, handover)
    _again(change, handover)
    change.write()
    return _receipt(change, again=True)


def _again(change: Change, handover: Handover) -> None:
    """The bot asks again while the customer still waits: that handoff learns what is new."""
    flags = tuple(dict.fromkeys((*change.handoff.flags, *handover.flags)))
    change.become(flags=flags)
    add_context(change, joined(change.handoff.context, handover.context), event="handed_over_again")


def _anew(answered: Change, handover: Handover) -> Receipt:
    """A person had answered and the bot hands over once more: a new promise, on the same ticket.

    It was asked after that answer, whatever the bot's clock says: the old answer is none to the new ask.
    """
    before = answered.handoff
    asked_at = handover.asked_at
    if before.answered_at:
        asked_at = max(asked_at, before.answered_at + SAME_ANSWER)
    close_for_new(answered, asked_at)
    answered.write()
    known = replace(handover, context=joined(before.context, handover.context), asked_at=asked_at)
    remembers = answered.account.desk.reopen_within > timedelta(0)
    former = reopening.former_of(answered.account, answered.handoff) if remembers else None
    change = _first(answered.tx, answered.account, known, answered.now, before.ticket, former=former)
    change.write()
    return _receipt(change)


def _owe_ticket_and_card(change: Change) -> None:
    account, handoff = change.account, change.handoff
    opening = account.helpdesk is not None and handoff.ticket is None
    if account.helpdesk and opening:
        change.owe("open_ticket", account.helpdesk)
    elif handoff.ticket:
        change_ticket(change, context=True, assignee=handoff.owner)
    channel = handoff.route.card_channel or account.desk.fallback.card_channel
    if account.chat and channel:
        wait = CARD_WAITS_FOR_TICKET if opening else timedelta(0)
        change.owe(
            "post_card",
            account.chat,
            payload={"channel": channel},
            lane=channel,
            not_before=change.now + wait,
        )
        notifying.owe_beside_card(change)


def _arm_clocks(change: Change) -> None:
    """Write one clock for the promise, one for each rung, and one that warns before the channel closes."""
    handoff, closes_at = change.handoff, change.handoff.channel_closes_at
    dues = due_times(handoff.policy, handoff.asked_at, change.account.desk.roster, handoff.context.channel)
    rungs = {
        rung.number: before_closing(due, closes_at, change.now)
        for rung, due in zip(handoff.policy.ladder, dues, strict=True)
    }
    change.arm({PROMISE: handoff.promised_at, **rungs, **closing.warning_due(closes_at, change.now)})


def _window(account: Account, channel: str, policy: Policy) -> timedelta:
    """Return how long the customer pays attention: by policy, else by channel, else the target itself."""
    by_channel = account.desk.channels.get(channel)
    return policy.window or (by_channel and by_channel.attention_window) or policy.respond_within


def _receipt(change: Change, *, again: bool = False) -> Receipt:
    account, handoff = change.account, change.handoff
    return Receipt(
        handoff_id=handoff.handoff_id,
        owner=_first_name(account, handoff.owner),
        customer_text=notices.kept(account, handoff, change.now),
        promised_at=handoff.promised_at,
        again=again,
    )


def _first_name(account: Account, key: str | None) -> str | None:
    person = account.person(key)
    return person.first_name if person else None
