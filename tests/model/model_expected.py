"""What the world must look like: what was promised, and what people said. Nothing of the bridge is in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

KOLKATA: Final = ZoneInfo("Asia/Kolkata")
WINDOW: Final = timedelta(minutes=15)
OLDEST_ASK: Final = timedelta(minutes=10)
SHARES: Final = {0: 1.0, 1: 0.5, 2: 1.0, 3: 1.5, 4: 2.0}  #: of the promised time; 0 is the promise itself
#: two versions of the desk: the promised time, and whose shifts begin at 9 and at 17; from 23 to 9 is nobody's
DESKS: Final = {
    "first": (timedelta(minutes=5), "Asha", "Ravi"),
    "edited": (timedelta(minutes=8), "Meera", "Asha"),
}


@dataclass(kw_only=True)
class Promise:
    """One handoff that was answered with 202."""

    account: str
    conversation: str
    asked_at: datetime
    due: Mapping[int, datetime]
    owner: str | None  #: first name of who was on duty, None for nobody
    test: bool
    relayed: bool  #: the bot takes the answer to the customer
    ticket: str | None = None  #: that of the earlier handoff it follows; None for one of its own
    withdrawn_at: datetime | None = None
    relayed_at: datetime | None = None  #: when the bot took the answer
    words: list[str] = field(default_factory=list)  #: what the customer has written


def promise(
    desk: str, asked: timedelta | None, now: datetime, not_before: datetime | None, **told: object
) -> Promise:
    """Return what is owed to a customer who asked so long before `now`; None where the bot did not say."""
    within, early, late = DESKS[desk]
    asked_at = now - min(asked or timedelta(0), OLDEST_ASK)
    asked_at = max(asked_at, not_before) if not_before else asked_at
    hour = now.astimezone(KOLKATA).hour
    owner = early if 9 <= hour < 17 else late if 17 <= hour < 23 else None
    due = {rung: asked_at + within * share for rung, share in SHARES.items()}
    return Promise(asked_at=asked_at, due=due, owner=owner, **told)  # type: ignore[arg-type]


def first_answer(said: Iterable[tuple[datetime, bool]], kept: Promise) -> datetime | None:
    """Return when a person first wrote in public after the ask; `said` has each time, and whether it was so."""
    times = [at for at, by_a_person_in_public in said if by_a_person_in_public and at >= kept.asked_at]
    return min((at for at in times if kept.withdrawn_at is None or at <= kept.withdrawn_at), default=None)


def outcome(kept: Promise, answered_at: datetime | None, *, deleted: bool) -> str:
    """Return how the honest number counts the handoff once its window has passed."""
    reached = kept.relayed_at if kept.relayed and answered_at else answered_at
    if answered_at is None and kept.withdrawn_at:
        return "withdrawn"
    if reached is None:
        return "not_delivered" if answered_at else "orphaned" if deleted else "unanswered"
    return "in_time" if reached <= kept.asked_at + WINDOW else "late"
