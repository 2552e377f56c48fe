"""A person answers from the chat: their words go on the ticket, under their name, and from there to the customer.

Nothing counts as said before the helpdesk has it: the clock stops when the words stand on the ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bridge.handoffs import lifecycle, saying
from bridge.handoffs.change import Change
from bridge.handoffs.handing_over import OVER
from bridge.handoffs.model import State
from bridge.handoffs.text import storable
from bridge.roster.model import Person

NO_HELPDESK: Final = "No helpdesk is connected: there is no ticket to write on."


def write_on_ticket(change: Change, by: Person, text: str, *, public: bool) -> str | None:
    """Owe the ticket these words by `by`, for the customer where `public`. Return why not, None when they are owed.

    Who answers the customer has the handoff: an unclaimed one becomes theirs.
    """
    if not change.handoff.is_open:
        return OVER
    if change.account.helpdesk is None and change.handoff.ticket is None:
        return NO_HELPDESK
    if public and change.handoff.state is State.OPEN and change.handoff.claimed_by is None:
        lifecycle.claim(change, by, change.now)
    change.note("reply_written" if public else "note_written", actor=by.key)
    comment = {"by": by.key, "text": storable(text), "public": public}
    lifecycle.change_ticket(change, comment=comment, urgent=public)
    return None


def not_written(change: Change, comment: Mapping[str, Any], error: str) -> None:
    """The helpdesk did not take the words for good: who wrote them hears of it, and for a reply the lead as well."""
    author = change.account.person(comment["by"])
    change.note("reply_failed" if comment["public"] else "note_failed", actor="bridge", error=error)
    what = "reply to the customer" if comment["public"] else "private note"
    told = f"Your {what} could not be written on the ticket ({error}). Please write it in the helpdesk."
    if author:
        saying.alone(change, told, author)
    if comment["public"]:
        name = author.name if author else comment["by"]
        lifecycle.alarm(change, f"A reply by {name} did not reach its ticket ({error}).")
