"""A person ends a handoff with an outcome, and the bot has the conversation again.

Source: docs/glossary.md, "answer" and "outcome". Only an answer solves: who ends it otherwise says how, and
the honest number counts it as what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.handoffs import lifecycle
from bridge.handoffs.change import Change
from bridge.handoffs.model import Outcome, State
from bridge.handoffs.text import cut, storable
from bridge.roster.model import Person

__all__ = ["IN_WORDS", "LONGEST_WORDS", "Outcome", "give_back"]

IN_WORDS: Final[Mapping[Outcome, str]] = {
    Outcome.SOLVED: "solved",
    Outcome.NOT_SOLVED: "not solved",
    Outcome.CUSTOMER_LEFT: "the customer left",
    Outcome.DUPLICATE: "a duplicate",
    Outcome.SPAM: "spam",
}
#: characters of what a person says beside the outcome
LONGEST_WORDS: Final = 2_000
ENDED: Final[Mapping[State, str]] = {
    State.RESOLVED: "it was ended before",
    State.WITHDRAWN: "the bot took it back",
    State.ORPHANED: "its ticket was deleted",
}


def give_back(change: Change, person: Person, outcome: Outcome, words: str | None) -> str | None:
    """End the handoff for people: the ticket is solved, the card closed, and the bot may go on.

    `words` are the person's own, for the timeline and the ticket; None or empty for none. Return why nothing
    was done, in words for that person; None when it is done.
    """
    handoff = change.handoff
    if not handoff.is_open:
        return f"It is over already: {ENDED[handoff.state]}."
    if outcome is Outcome.SOLVED and handoff.answered_at is None:
        return "Answer the customer first, or choose another outcome."
    said = cut(storable(words or "").strip(), LONGEST_WORDS) or None
    lifecycle.resolve(change, outcome, actor=person.key, by=person, words=said)
    lifecycle.change_ticket(
        change, returned={"by": person.name, "outcome": outcome.value, **({"words": said} if said else {})}
    )
    if handoff.answered_at is None:
        lifecycle.read_once_more(change)
    return None
