"""The customer's channel is about to close, or has closed, and nobody has answered: the people who can are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.handoffs import lifecycle, notifying
from bridge.handoffs.change import Change
from bridge.handoffs.closing import CLOSED, CLOSING, set_clock
from bridge.handoffs.model import State
from bridge.notices.model import ENGLISH
from bridge.roster.model import Person
from bridge.roster.on_duty import on_duty

UNREACHED: Final = "what is written after that does not reach the customer there."


def closing(change: Change) -> None:
    """Tag the owner and, while nobody has claimed it, the lead under the card; see that its close is shown in time.

    Where the warning comes so late that the channel has closed, that alone is shown.
    """
    handoff = change.handoff
    if handoff.state is not State.OPEN or handoff.channel_closes_at is None:
        return
    if handoff.channel_closes_at <= change.now:
        closed(change)
        return
    set_clock(change, CLOSED, handoff.channel_closes_at)
    people = _to_be_told(change)
    change.note(
        "channel_closing",
        actor="clock",
        closes_at=handoff.channel_closes_at.isoformat(),
        told=[person.key for person in people],
    )
    _say(change, people)
    lifecycle.show(change)


def closed(change: Change) -> None:
    """Let the card show that the channel has closed, unless the customer has written again meanwhile."""
    handoff = change.handoff
    closes_at = handoff.channel_closes_at
    if handoff.state is State.OPEN and closes_at is not None and closes_at <= change.now:
        change.note("channel_closed", actor="clock", closed_at=closes_at.isoformat())
        lifecycle.show(change)


def _to_be_told(change: Change) -> list[Person]:
    handoff, account = change.handoff, change.account
    duty = on_duty(account.desk.roster, handoff.context.channel, change.now)
    lead = account.person(duty.lead if duty else None) or account.person(account.desk.fallback.lead)
    people = [account.person(handoff.owner), None if handoff.claimed_by else lead]
    return list({person.key: person for person in people if person}.values())


def _say(change: Change, people: Iterable[Person]) -> None:
    handoff, account = change.handoff, change.account
    tagged = list(people)
    text = _text(change)
    for person in tagged:
        notifying.owe(change, person, text, CLOSING)
    if account.chat:
        lane = handoff.card.channel if handoff.card else handoff.route.card_channel or ""
        payload = {"text": text, "tag": [person.key for person in tagged]}
        change.owe("thread_note", account.chat, payload=payload, lane=lane, rung=CLOSING)


def _text(change: Change) -> str:
    handoff, account = change.handoff, change.account
    english = account.notices.of(ENGLISH)
    at = english.moment(handoff.channel_closes_at or change.now, change.now, account.desk.zone)
    return f"{handoff.context.channel} closes at {at}: {UNREACHED}"
