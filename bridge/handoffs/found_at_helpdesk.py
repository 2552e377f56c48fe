"""What people did with the ticket in the helpdesk, beside writing on it: whom they gave it to, how it was rated.

The helpdesk is believed about whose ticket it is only where nothing we owe it says otherwise.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select

from bridge.handoffs import lifecycle, saying
from bridge.handoffs.change import Change
from bridge.handoffs.lifecycle import MISROUTED
from bridge.handoffs.model import State
from bridge.roster.model import Person
from bridge.store import tables

DELIVERIES: Final = tables.deliveries
OWED: Final = select(DELIVERIES.c.payload).where(
    DELIVERIES.c.account_id == bindparam("of_account"),
    DELIVERIES.c.handoff_id == bindparam("of_handoff"),
    DELIVERIES.c.kind == "update_ticket",
    DELIVERIES.c.state.in_(("owed", "unknown")),
)


def assigned(change: Change, person: Person | None, *, by: str) -> None:
    """The ticket is with `person`, None for somebody the desk does not know: the handoff is theirs.

    Not so where we have yet to tell the helpdesk whose it is, or it refused to hear that; nor on a gap, where
    the lead only keeps the ticket. Nobody has claimed anything by it, and no clock stops.
    """
    handoff = change.handoff
    if person is None or person.key == handoff.owner or not handoff.is_open:
        return
    keeps_it = handoff.owner is None and person.key == handoff.route.lead
    if keeps_it or MISROUTED in handoff.flags or _assignment_owed(change):
        return
    lifecycle.reassign(change, person, actor=by, helpdesk_knows=True)
    if handoff.state is State.OPEN:
        saying.under_the_card(change, "It is yours: the ticket was assigned to you.", person)


def rated(change: Change, rating: str, words: str | None, *, by: str) -> None:
    """The customer rated the ticket; the newest rating counts. `words` are theirs, None for none."""
    if rating != change.handoff.rating:
        change.become(rating=rating)
        change.note("customer_rated", actor=by, rating=rating, words=words)


def _assignment_owed(change: Change) -> bool:
    asked = {"of_account": change.handoff.account_id, "of_handoff": change.handoff.handoff_id}
    return any("assignee" in payload for payload in change.tx.execute(OWED, asked).scalars())
