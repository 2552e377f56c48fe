"""Rungs that are too late to fire without a person's yes.

A rung that comes due while nothing runs fires as soon as something does. But one that is over an hour late
tells of a long outage or of a store restored from an old copy, and what it would do may have been done,
or may have become wrong. It is held instead: a person lets it fire, or drops it. The clocks of the customer's channel
are never held: what they tell is looked at anew when they fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, select, update

from bridge.handoffs import lifecycle
from bridge.handoffs.accept import PROMISE
from bridge.handoffs.change import Change
from bridge.store import tables

CLOCKS: Final = tables.clocks
#: later than this a rung does not fire by itself
LATEST: Final = timedelta(hours=1)
HELD: Final = "held"
DROPPED: Final = "held_rungs_dropped"
ALARM: Final = (
    "A clock ran out so long ago that what follows waits for a person's yes. "
    "`handoff held list` shows it, and any others there may be."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldClock:
    """A clock that waits for a yes. Rung 0 is the promise itself."""

    handoff_id: str
    rung: int
    due_at: datetime


def is_too_late(rung: int, due_at: datetime, now: datetime) -> bool:
    return rung >= PROMISE and now - due_at > LATEST


def hold(change: Change, due_before: datetime) -> int:
    """Hold the armed clocks of one handoff that were due before then; return how many.

    The lead hears of it with the first clock that an account holds, not with each.
    """
    nothing_held = not change.tx.execute(select(exists().where(*_of_account(change)))).scalar()
    held = change.tx.execute(
        update(CLOCKS)
        .where(
            *_of_handoff(change),
            CLOCKS.c.rung >= PROMISE,
            CLOCKS.c.state == "armed",
            CLOCKS.c.due_at < due_before,
        )
        .values(state=HELD)
        .returning(CLOCKS.c.rung)
    )
    rungs = sorted(held.scalars())
    if rungs:
        change.note("rungs_held", actor="clock", rungs=rungs)
    if rungs and nothing_held:
        lifecycle.alarm(change, ALARM)
    return len(rungs)


def held(connection: Connection, account_id: str) -> list[HeldClock]:
    """Return the clocks that wait for a yes, the longest overdue first."""
    found = connection.execute(
        select(CLOCKS.c.handoff_id, CLOCKS.c.rung, CLOCKS.c.due_at)
        .where(CLOCKS.c.account_id == account_id, CLOCKS.c.state == HELD)
        .order_by(CLOCKS.c.due_at, CLOCKS.c.handoff_id, CLOCKS.c.rung)
    )
    return [HeldClock(**row._mapping) for row in found]


def let_fire(change: Change, *, by: str) -> int:
    """Somebody said yes: the held clocks of this handoff are due anew, now. Return how many."""
    freed = _end_hold(change, state="armed", due_at=change.now)
    if freed:
        change.note("held_rungs_let_fire", actor="operator", rungs=freed, said_by=by)
        change.tx.wake("clocks")
    return len(freed)


def drop(change: Change, *, by: str) -> int:
    """Somebody said no: the held clocks of this handoff never fire. Return how many."""
    dropped = _end_hold(change, state="cancelled", settled_at=change.now)
    if dropped:
        change.note(DROPPED, actor="operator", rungs=dropped, said_by=by)
    return len(dropped)


def _end_hold(change: Change, **values: object) -> list[int]:
    ended = change.tx.execute(
        update(CLOCKS)
        .where(*_of_handoff(change), CLOCKS.c.state == HELD)
        .values(**values)
        .returning(CLOCKS.c.rung)
    )
    return sorted(ended.scalars())


def _of_account(change: Change) -> tuple[ColumnElement[bool], ...]:
    return (CLOCKS.c.account_id == change.handoff.account_id, CLOCKS.c.state == HELD)


def _of_handoff(change: Change) -> tuple[ColumnElement[bool], ...]:
    return (
        CLOCKS.c.account_id == change.handoff.account_id,
        CLOCKS.c.handoff_id == change.handoff.handoff_id,
    )
