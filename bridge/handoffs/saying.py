"""Lines for people in the chat, beside what the card itself shows."""

from __future__ import annotations

from bridge.handoffs.change import Change
from bridge.roster.model import Person


def under_the_card(change: Change, text: str, *people: Person) -> None:
    """Owe a line in the card's thread that tags these people; `text` is masked already."""
    chat, card = change.account.chat, change.handoff.card
    if chat:
        lane = card.channel if card else change.handoff.route.card_channel or ""
        payload = {"text": text, "tag": [person.key for person in people]}
        change.owe("thread_note", chat, payload=payload, lane=lane)


def by_rule(change: Change, text: str, person: Person) -> None:
    """Owe a person a message that they asked for themselves; it is not sent once the handoff is not theirs."""
    if change.account.chat:
        payload = {"text": text, "to": person.key, "by_rule": True}
        change.owe("direct_message", change.account.chat, payload=payload)


def alone(change: Change, text: str, person: Person) -> None:
    """Owe one person a direct message about this handoff; `text` is masked already."""
    if change.account.chat:
        change.owe("direct_message", change.account.chat, payload={"text": text, "to": person.key})
