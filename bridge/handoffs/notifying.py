"""Another way to a person than the chat: owed together with a rung's call, and spared where the chat reached them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from bridge.handoffs.account import NOTIFY
from bridge.handoffs.change import NOT_BEGUN, Change
from bridge.roster.model import Person
from bridge.store import tables

DELIVERIES: Final = tables.deliveries
KIND: Final = "notify_person"
#: how long the chat has to reach somebody before they are called by another way
CHAT_HAS: Final = timedelta(minutes=1)


def owe(change: Change, person: Person, text: str, rung: int) -> bool:
    """Owe a call by the person's own addresses; return False for a person without any."""
    if not person.notify:
        return False
    wait = CHAT_HAS if change.account.chat else timedelta(0)
    payload = {"to": person.key, "text": text}
    change.owe(KIND, NOTIFY, payload=payload, lane=person.key, not_before=change.now + wait, rung=rung)
    return True


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
