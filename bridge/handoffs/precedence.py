"""Which delivery goes first where a vendor lets only some through: the one for whom somebody has waited longest.

Nobody waits for a mirror: it copies to a ticket or a card what the timeline has, or looks whether something
changed. It counts as waiting only from some time after it came to be owed, so in a storm tickets are opened
and people called before it, and it still has its turn.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

#: unless a rung asks for them: then a person is called by them
MIRRORS: Final = frozenset({"update_ticket", "update_card", "read_ticket", "read_changes"})
MIRRORS_STAND_BACK: Final = timedelta(minutes=10)


def counts_from(kind: str, rung: int | None, waiting_since: datetime, now: datetime) -> datetime:
    """Return from when the wait for a delivery counts that is owed `now` to a customer who waits so long."""
    is_mirror = kind in MIRRORS and rung is None
    return now + MIRRORS_STAND_BACK if is_mirror else waiting_since
