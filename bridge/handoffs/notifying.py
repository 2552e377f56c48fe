"""Another way to a person than the chat: owed with a card or a rung's call, and spared where the chat reached them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update

from bridge.handoffs.account import NOTIFY
from bridge.handoffs.change import NOT_BEGUN, Change
from bridge.roster.model import Person
from bridge.store import tables

DELIVERIES: Final = tables.deliveries
KIND: Final = "notify_person"
#: how long the chat has to reach somebody before they are called by another way
CHAT_HAS: Final = timedelta(minutes=1)
#: how long a card has to come before the one whom it tags is called by another way
CARD_HAS: Final = timedelta(minutes=3)
NO_CARD: Final = "This customer is yours, and the chat cannot tell you."


def owe(change: Change, person: Person, text: str, rung: int) -> bool:
    """Owe a call by the person's own addresses; return False for a person without any."""
    if not person.notify:
        return False
    wait = CHAT_HAS if change.account.chat else timedelta(0)
    payload = {"to": person.key, "text": text}
    _hurry_the_cards(change, person, change.now + wait)
    change.owe(KIND, NOTIFY, payload=payload, lane=person.key, not_before=change.now + wait, rung=rung)
    return True


def owe_beside_card(change: Change) -> None:
    """Owe a call to whom the card will tag; it is not made if the card has come by then."""
    handoff, desk = change.handoff, change.account.desk
    person = change.account.person(handoff.owner or handoff.route.lead or desk.fallback.lead)
    if person is not None and person.notify:
        payload = {"to": person.key, "text": NO_CARD}
        change.owe(KIND, NOTIFY, payload=payload, lane=person.key, not_before=change.now + CARD_HAS)


def _hurry_the_cards(change: Change, person: Person, at: datetime) -> None:
    """A rung has to call `person`, and the card's own call stands before it: let that go, or be spared if theirs."""
    waiting = _beside_card(change)
    spared = {"state": "cancelled", "settled_at": change.now, "error": "called for a rung instead"}
    change.tx.execute(update(DELIVERIES).where(*waiting, DELIVERIES.c.lane == person.key).values(spared))
    change.tx.execute(update(DELIVERIES).where(*waiting, DELIVERIES.c.not_before > at).values(not_before=at))


def _beside_card(change: Change) -> tuple[Any, ...]:
    return (
        DELIVERIES.c.account_id == change.handoff.account_id,
        DELIVERIES.c.handoff_id == change.handoff.handoff_id,
        DELIVERIES.c.kind == KIND,
        DELIVERIES.c.rung.is_(None),
        *NOT_BEGUN,
    )


def spare(change: Change, rung: int | None, reached: Collection[str]) -> None:
    """The chat has reached these people for this rung: they need no other call."""
    people = [key for key in reached if (person := change.account.person(key)) and person.notify]
    if rung is None or not people:
        return
    change.tx.execute(
        update(DELIVERIES)
        .where(
            DELIVERIES.c.account_id == change.handoff.account_id,
            DELIVERIES.c.delivery_id.in_(
                select(DELIVERIES.c.delivery_id).where(
                    DELIVERIES.c.account_id == change.handoff.account_id,
                    DELIVERIES.c.handoff_id == change.handoff.handoff_id,
                    DELIVERIES.c.kind == KIND,
                    DELIVERIES.c.rung == rung,
                    DELIVERIES.c.lane.in_(people),
                    *NOT_BEGUN,
                )
            ),
        )
        .values(state="cancelled", settled_at=change.now, error="reached in the chat")
    )
