"""Acceptance: one transaction keeps the handoff, its frozen route and policy, its clocks and what is owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bridge.handoffs import notices, rows
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.document import facts
from bridge.handoffs.ids import new_id
from bridge.handoffs.joining import joined
from bridge.handoffs.lifecycle import add_context
from bridge.handoffs.model import Context, Handoff, State
from bridge.handoffs.summary import summarise
from bridge.roster.on_duty import on_duty
from bridge.routing.choose import choose
from bridge.routing.model import Route
from bridge.sla.due import due_times, promised_at
from bridge.sla.model import Policy
from bridge.store import Transaction

#: the card goes out without its ticket after so long, and is completed later
CARD_WAITS_FOR_TICKET: Final = timedelta(seconds=5)
#: the clock that stands for the promise itself; rungs count from 1
PROMISE: Final = 0


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
    """Keep a handoff and all it causes. A conversation that is still open is brought up to date instead."""
    held = rows.find_open_conversation(tx.connection, account.account_id, handover.context.conversation_id)
    change = _again(tx, account, held, handover, now) if held else _first(tx, account, handover, now)
    change.write()
    return _receipt(account, change.handoff, again=bool(held))


def plan(account: Account, context: Context, now: datetime) -> tuple[Route, Policy]:
    """Return the route and policy a handoff with this context would get now."""
    desk = account.desk
    duty = on_duty(desk.roster, context.channel, now)
    route = choose(desk.routes, facts(context), duty, desk.fallback)
    return route, desk.policies[route.policy]


def _first(tx: Transaction, account: Account, handover: Handover, now: datetime) -> Change:
    context, desk = handover.context, account.desk
    route, policy = plan(account, context, now)
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
        promised_at=promised_at(policy, handover.asked_at, desk.roster, context.channel),
        desk_version=account.desk_version,
        key_id=handover.key_id,
        test=handover.test,
        flags=handover.flags,
        owner=route.owner,
    )
    change = Change(tx, account, handoff, now)
    change.note(
        "accepted",
        actor="bot",
        tell_bot=True,
        owner=_first_name(account, handoff.owner),
        promised_at=handoff.promised_at.isoformat(),
        customer_text=notices.kept(account, handoff),
        reasons=[reason.text for reason in route.reasons],
        flags=list(handover.flags),
    )
    _owe_ticket_and_card(change)
    _arm_clocks(change)
    return change


def _again(tx: Transaction, account: Account, handoff_id: str, handover: Handover, now: datetime) -> Change:
    change = open_change(tx, account, handoff_id, now)
    flags = tuple(dict.fromkeys((*change.handoff.flags, *handover.flags)))
    change.become(flags=flags)
    add_context(change, joined(change.handoff.context, handover.context), event="handed_over_again")
    return change


def _owe_ticket_and_card(change: Change) -> None:
    account, handoff = change.account, change.handoff
    if account.helpdesk:
        change.owe("open_ticket", account.helpdesk)
    channel = handoff.route.card_channel or account.desk.fallback.card_channel
    if account.chat and channel:
        wait = CARD_WAITS_FOR_TICKET if account.helpdesk else timedelta(0)
        change.owe(
            "post_card",
            account.chat,
            payload={"channel": channel},
            lane=channel,
            not_before=change.now + wait,
        )


def _arm_clocks(change: Change) -> None:
    """Write one clock for the promise and one for each rung of the ladder."""
    handoff = change.handoff
    dues = due_times(handoff.policy, handoff.asked_at, change.account.desk.roster, handoff.context.channel)
    rungs = {rung.number: due for rung, due in zip(handoff.policy.ladder, dues, strict=True)}
    change.arm({PROMISE: handoff.promised_at, **rungs})


def _window(account: Account, channel: str, policy: Policy) -> timedelta:
    """Return how long the customer pays attention: by policy, else by channel, else the target itself."""
    by_channel = account.desk.channels.get(channel)
    return policy.window or (by_channel and by_channel.attention_window) or policy.respond_within


def _receipt(account: Account, handoff: Handoff, *, again: bool) -> Receipt:
    return Receipt(
        handoff_id=handoff.handoff_id,
        owner=_first_name(account, handoff.owner),
        customer_text=notices.kept(account, handoff),
        promised_at=handoff.promised_at,
        again=again,
    )


def _first_name(account: Account, key: str | None) -> str | None:
    person = account.person(key)
    return person.first_name if person else None
