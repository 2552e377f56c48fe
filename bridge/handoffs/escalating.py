"""A person pushes a handoff up the ladder before its time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import exists, select

from bridge.handoffs import lifecycle, owed
from bridge.handoffs.accept import PROMISE
from bridge.handoffs.change import Change
from bridge.handoffs.handing_over import OVER
from bridge.handoffs.model import State
from bridge.roster.model import Person
from bridge.store import tables

TIMELINE: Final = tables.timeline
PUSHED: Final = "pushed_up"
#: a second press within this is the same push
ONE_PUSH: Final = timedelta(minutes=1)


def escalate_now(change: Change, by: Person) -> str | None:
    """Let the next rung fire now; after the last one the lead hears of it.

    Return why that did nothing, None when it did.
    """
    if change.handoff.state is not State.OPEN:
        return OVER
    if _pushed_just_now(change):
        return "It was escalated a moment ago."
    change.become(snoozed_until=None, snoozed_by=None)
    rung = min((clock.rung for clock in owed.armed_after(change, PROMISE)), default=None)
    change.note(PUSHED, actor=by.key, rung=rung)
    if rung is None:
        lifecycle.alarm(change, f"{by.name} asks for help: the ladder has ended and a customer is waiting.")
    else:
        owed.move_rung(change, rung, change.now)
    lifecycle.show(change)
    return None


def _pushed_just_now(change: Change) -> bool:
    pushed = exists().where(
        TIMELINE.c.account_id == change.handoff.account_id,
        TIMELINE.c.handoff_id == change.handoff.handoff_id,
        TIMELINE.c.event == PUSHED,
        TIMELINE.c.recorded_at > change.now - ONE_PUSH,
    )
    return bool(change.tx.execute(select(pushed)).scalar())
