"""A person asks for quiet: the ladder waits a while, the promise does not.

The clock of the promise never moves, so the honest number stays what it is. Only a lead may let the ladder
wait beyond it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bridge.handoffs import lifecycle, owed
from bridge.handoffs.accept import PROMISE
from bridge.handoffs.change import Change
from bridge.handoffs.handing_over import OVER
from bridge.handoffs.model import Handoff, State
from bridge.roster.model import Person
from bridge.roster.on_duty import on_duty

#: what may be asked for at once, in minutes
SNOOZES: Final = (5, 10, 15, 30, 60)


def is_lead(change: Change, person: Person) -> bool:
    """Return whether this person leads: by their role, the shift on duty, the route, or as the desk's last resort."""
    duty = on_duty(change.account.desk.roster, change.handoff.context.channel, change.now)
    leads = {change.handoff.route.lead, change.account.desk.fallback.lead, duty.lead if duty else None}
    return person.role == "lead" or person.key in leads


def holds(handoff: Handoff, person: Person) -> bool:
    return person.key in (handoff.owner, handoff.claimed_by)


def snooze(change: Change, by: Person, wait: timedelta, reason: str) -> str | None:
    """Let no rung fire for so long. Return why that did nothing, None when it did."""
    handoff, until = change.handoff, change.now + wait
    if handoff.state is not State.OPEN:
        return OVER
    lead = is_lead(change, by)
    if not (lead or holds(handoff, by)):
        return "Only who has it, or a lead, can snooze it."
    if until > handoff.promised_at and not lead:
        return "That is beyond what the customer was promised. Only a lead may snooze it so long."
    _put_off(change, until, beyond_promise=lead)
    change.become(snoozed_until=until, snoozed_by=by.key)
    change.note("snoozed", actor=by.key, until=until.isoformat(), reason=reason)
    lifecycle.show(change)
    return None


def _put_off(change: Change, until: datetime, *, beyond_promise: bool) -> None:
    """Put off the rungs due before `until`: the first to then, the others as far behind it as they were.

    None comes before one that stood before it; and none passes the promise unless it may.
    """
    armed = owed.armed_after(change, PROMISE)
    if not armed or armed[0].due_at >= until:
        return
    first, latest = armed[0].due_at, change.handoff.promised_at
    due_at = until
    for clock in armed:
        put_off = until + (clock.due_at - first) if clock.due_at < until else clock.due_at
        due_at = max(due_at, put_off)
        allowed = due_at if beyond_promise else min(due_at, max(clock.due_at, latest))
        owed.move_rung(change, clock.rung, allowed)
