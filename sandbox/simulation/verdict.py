"""Holds the bridge against the truth: what the stand-ins have, what the people did, what the rules say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from bridge.accounts import MAIN
from bridge.handoffs import rows
from bridge.handoffs.accept import PROMISE
from bridge.handoffs.model import Handoff, State
from bridge.reports.accounting import books
from bridge.store import tables
from sandbox.bot import BotStandIn
from sandbox.simulation.case import Case
from sandbox.simulation.customers import CARD_NUMBER
from sandbox.simulation.desks import WorkPlace
from sandbox.slack import SlackStandIn

POLL: Final = "read_changes"
OWED: Final = ("owed", "unknown")
#: helpdesks tell whole seconds
SAME_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class World:
    """All there is to look at once the day is over."""

    cases: Sequence[Case]
    work_place: WorkPlace
    slack: SlackStandIn
    bot: BotStandIn


def broken_rules(connection: Connection, world: World, since: datetime) -> list[str]:
    """Return a sentence for each thing that is not as it must be."""
    handoffs = {
        row.handoff_id: rows.from_row(row) for row in connection.execute(select(tables.handoffs)).all()
    }
    deliveries = connection.execute(select(tables.deliveries)).all()
    return [
        *_books(connection, since),
        *_kept(world, handoffs),
        *_left_over(deliveries),
        *_tickets(world, handoffs, deliveries),
        *_cards(world, handoffs, deliveries),
        *_rungs(connection, handoffs),
        *_answers(world, handoffs),
        *_callbacks(connection, world, handoffs),
        *_messages(connection, world, handoffs),
        *_words(world),
    ]


def _books(connection: Connection, since: datetime) -> Iterator[str]:
    found = books(connection, MAIN, since)
    if not found.balance:
        yield f"the books do not balance: {found.missing} handoffs are missing"


def _kept(world: World, handoffs: Mapping[str, Handoff]) -> Iterator[str]:
    """202 means kept, and a bot that tries again makes no second handoff."""
    for case in world.cases:
        if case.handoff_id is None:
            yield f"{case.conversation_id} was never accepted, after {case.attempts} tries"
        elif case.handoff_id not in handoffs:
            yield f"{case.conversation_id} was accepted and is not in the store"
    told = {case.handoff_id for case in world.cases}
    for handoff_id in handoffs.keys() - told:
        yield f"{handoffs[handoff_id].context.conversation_id} has a handoff that its bot never heard of"


def _left_over(deliveries: Sequence[Any]) -> Iterator[str]:
    for row in deliveries:
        if row.state in OWED and row.kind != POLL:
            yield f"{row.kind} is owed still ({row.attempts} attempts, {row.error})"


def _tickets(world: World, handoffs: Mapping[str, Handoff], deliveries: Sequence[Any]) -> Iterator[str]:
    there = world.work_place.tickets()
    wanted = {row.handoff_id for row in deliveries if row.kind == "open_ticket" and row.state != "dead"}
    yield from _once("ticket", Counter({each: len(ids) for each, ids in there.items()}), wanted, handoffs)


def _cards(world: World, handoffs: Mapping[str, Handoff], deliveries: Sequence[Any]) -> Iterator[str]:
    there = Counter(
        message.metadata["event_payload"]["handoff_id"]
        for channel in world.slack.workspace.channels.values()
        for message in channel.messages
        if message.metadata and message.metadata["event_type"] == "handoff_card"
    )
    wanted = {row.handoff_id for row in deliveries if row.kind == "post_card" and row.state == "settled"}
    yield from _once("card", there, wanted, handoffs)


def _once(
    what: str, there: Mapping[str, int], wanted: set[str], handoffs: Mapping[str, Handoff]
) -> Iterator[str]:
    for handoff_id in sorted(wanted | there.keys()):
        found = there.get(handoff_id, 0)
        named = handoffs[handoff_id].context.conversation_id if handoff_id in handoffs else handoff_id
        if found > 1:
            yield f"{named} has {found} {what}s"
        elif not found and handoff_id in wanted:
            yield f"{named} has no {what}"


def _rungs(connection: Connection, handoffs: Mapping[str, Handoff]) -> Iterator[str]:
    """A rung fires once and never early; after the day none that was due is still armed."""
    fired: Counter[tuple[str, int]] = Counter()
    escalations = select(tables.timeline).where(tables.timeline.c.event == "escalated")
    for event in connection.execute(escalations):
        fired[event.handoff_id, event.data["rung"]] += 1
    for clock in connection.execute(select(tables.clocks)):
        named = f"{handoffs[clock.handoff_id].context.conversation_id}, rung {clock.rung}"
        if clock.state == "armed" and clock.rung >= PROMISE:  # a channel may close after the day
            yield f"{named}: due at {clock.due_at} and never fired"
        if clock.state == "fired" and clock.settled_at < clock.due_at:
            yield f"{named}: fired before it was due"
        times = fired[clock.handoff_id, clock.rung]
        if times != (clock.state == "fired" and clock.rung > 0):
            yield f"{named}: {clock.state}, and escalated {times} times"


def _answers(world: World, handoffs: Mapping[str, Handoff]) -> Iterator[str]:
    """Only a person's public message answers, and the first of them is the one that counts."""
    replies: dict[str, list[datetime]] = {}
    for case in world.cases:
        replies.setdefault(case.conversation_id, []).extend(case.replies)
    for case in world.cases:
        handoff = handoffs.get(case.handoff_id or "")
        if handoff is None:
            continue
        wanted = _first_answer(handoff, sorted(replies[case.conversation_id]), case)
        if not _same(handoff.answered_at, wanted):
            named = case.conversation_id + (" (handed over anew)" if case.again else "")
            yield f"{named}: a person answered at {wanted}, the bridge says {handoff.answered_at}"


def _first_answer(handoff: Handoff, replies: list[datetime], case: Case) -> datetime | None:
    # What was answered before it was handed over anew was the answer to the one before.
    asked_at = case.begins_at if case.again else handoff.asked_at.replace(microsecond=0)
    end = handoff.closed_at if handoff.state is State.WITHDRAWN else None
    return next((at for at in replies if at >= asked_at and (end is None or at < end)), None)


def _same(told: datetime | None, true: datetime | None) -> bool:
    if told is None or true is None:
        return told is true
    return abs(told - true) <= SAME_MOMENT


def _callbacks(connection: Connection, world: World, handoffs: Mapping[str, Handoff]) -> Iterator[str]:
    """Every event that the bot was owed came, in whatever order."""
    owed = {
        (row.handoff_id, row.payload["sequence"])
        for row in connection.execute(select(tables.deliveries).where(tables.deliveries.c.kind == "callback"))
        if row.state == "settled"
    }
    came = {(event["data"]["handoff_id"], event["data"]["sequence"]) for event in world.bot.events()}
    for handoff_id, sequence in sorted(owed - came):
        yield f"{handoffs[handoff_id].context.conversation_id}: the bot never heard event {sequence}"


def _messages(connection: Connection, world: World, handoffs: Mapping[str, Handoff]) -> Iterator[str]:
    """What a person writes to the customer is passed on once, whichever handoff of the conversation it is for."""
    written: Counter[str] = Counter()
    for case in world.cases:
        handoff = handoffs.get(case.handoff_id or "")
        end = handoff.closed_at if handoff and handoff.state is State.WITHDRAWN else None
        written[case.conversation_id] += sum(1 for at in case.replies if end is None or at < end)
    passed_on: dict[str, list[str]] = {}
    for event in connection.execute(select(tables.timeline).where(tables.timeline.c.event == "message")):
        conversation_id = handoffs[event.handoff_id].context.conversation_id
        passed_on.setdefault(conversation_id, []).append(event.data["message"]["id"])
    for conversation_id in sorted(written.keys() | passed_on.keys()):
        ids = passed_on.get(conversation_id, [])
        if len(set(ids)) != len(ids) or len(ids) != written[conversation_id]:
            yield f"{conversation_id}: {written[conversation_id]} replies were written and {len(ids)} passed on"


def _words(world: World) -> Iterator[str]:
    """A customer's card number reaches no chat."""
    for channel in world.slack.workspace.channels.values():
        for message in channel.messages:
            if CARD_NUMBER in message.text or CARD_NUMBER in str(message.blocks):
                yield f"a card number stands in #{channel.name}"
