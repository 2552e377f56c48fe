"""What a bot may hear of an event. The rest of its data is for operators: keys of people, channels, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: the events that a bot is told of as they happen
TOLD: Final = frozenset(
    {
        "accepted",
        "ticketed",
        "announced",
        "claimed",
        "reassigned",
        "escalated",
        "breached",
        "answered",
        "message",
        "resolved",
        "withdrawn",
        "orphaned",
        "handed_over_anew",
        "failed",
    }
)
HEARD: Final[Mapping[str, tuple[str, ...]]] = {
    "accepted": ("owner", "promised_at", "customer_text", "flags"),
    "ticketed": ("ticket", "url"),
    "ticket_moved": ("ticket", "url"),
    "claimed": ("by", "named_owner", "customer_text", "bot"),
    "reassigned": ("to", "customer_text", "bot"),
    "answered": ("message", "answered_in_window", "bot"),
    "answer_corrected": ("message", "answered_in_window"),
    "message": ("message",),
    "customer_wrote": ("turns",),
    "context_added": ("changed",),
    "handed_over_again": ("changed",),
    "breached": ("promised_at", "gap"),
    "escalated": ("rung", "reached", "late_ms", "customer_text"),
    "resolved": ("outcome", "customer_text", "bot"),
    "withdrawn": ("reason", "bot"),
    "failed": ("what",),
}


def for_bots(event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an event's data that a bot may hear; of an event not named above it hears none."""
    return {name: data[name] for name in HEARD.get(event, ()) if name in data}
