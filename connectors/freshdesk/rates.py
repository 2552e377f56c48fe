"""Freshdesk's limits, and what its answers say of them.

Source: Freshdesk article 225439 "What are the rate limits?" of 2024-03, API page "Rate Limit". All
count per minute and for the whole account, every other integration included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from connectors.base import Limit, RateReading
from connectors.errors import EVERYTHING

#: the deliveries that spend from a limit of their own
OPEN_TICKET: Final = "open_ticket"
UPDATE_TICKET: Final = "update_ticket"
CHANGES: Final = "read_changes"

MINUTE: Final = timedelta(minutes=1)
#: calls on the Growth plan; Pro 400, Enterprise 700, trial 50. The answers' headers tell the real number
ACCOUNT_CALLS: Final = 200
#: tickets created, and as many updated, on Growth; Pro 160, Enterprise 280
WRITING_CALLS: Final = 80
#: ticket lists on Growth; Pro 100, Enterprise 200. No header tells it
LIST_CALLS: Final = 20
#: what following changes may take of them; the rest is for finding tickets after a lost answer
LIST_CALLS_FOR_CHANGES: Final = 12

LIMITS: Final[Mapping[str, Limit]] = {
    EVERYTHING: Limit(calls=ACCOUNT_CALLS, per=MINUTE),
    OPEN_TICKET: Limit(calls=WRITING_CALLS, per=MINUTE),
    UPDATE_TICKET: Limit(calls=WRITING_CALLS, per=MINUTE),
    CHANGES: Limit(calls=LIST_CALLS_FOR_CHANGES, per=MINUTE),
}


def reading(headers: Mapping[str, str]) -> RateReading | None:
    """Return what the answer says of the account's limit; None where it says nothing that can be read."""
    total, remaining = headers.get("X-RateLimit-Total", ""), headers.get("X-RateLimit-Remaining", "")
    if not _is_number(total) or not _is_number(remaining):
        return None
    return RateReading(limit=EVERYTHING, total=int(total), remaining=int(remaining))


def used_up(headers: Mapping[str, str], method: str, path: str) -> str:
    """Return the budget behind a 429. Freshdesk does not name it: calls left over point at the call's own."""
    told = reading(headers)
    if told is None or told.remaining == 0:
        return EVERYTHING
    if path == "tickets":
        return OPEN_TICKET if method == "POST" else CHANGES
    return UPDATE_TICKET if method == "PUT" else EVERYTHING


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
