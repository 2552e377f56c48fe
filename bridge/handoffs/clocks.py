"""Clocks that have run out: find them, fire each rung once, and do what its ladder says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    select,
    tuple_,
    update,
)

from bridge.handoffs import holding, lifecycle, warning
from bridge.handoffs.accept import GAP, PROMISE
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_changes, write_together
from bridge.handoffs.closing import CLOSED, CLOSING
from bridge.handoffs.model import State
from bridge.handoffs.steps import take_step
from bridge.roster.on_duty import on_duty
from bridge.sla.model import Rung
from bridge.store import Transaction, tables
from bridge.store.columns import Instant, written_out

CLOCKS: Final = tables.clocks
MILLISECOND: Final = timedelta(milliseconds=1)
#: written out, as in the index over what is armed: SQLite uses that only where it sees the same word
(ARMED,) = written_out("armed")
UPCOMING: Final = (
    select(CLOCKS.c.account_id, CLOCKS.c.handoff_id, CLOCKS.c.rung, CLOCKS.c.due_at)
    .where(CLOCKS.c.state == ARMED)
    .order_by(CLOCKS.c.due_at, CLOCKS.c.handoff_id, CLOCKS.c.rung)
    .limit(bindparam("most"))
)
STILL_DUE: Final = select(CLOCKS.c.handoff_id, CLOCKS.c.rung).where(
    CLOCKS.c.account_id == bindparam("account_id"),
    tuple_(CLOCKS.c.handoff_id, CLOCKS.c.rung).in_(bindparam("places", expanding=True)),
    CLOCKS.c.state == "armed",
    CLOCKS.c.due_at <= bindparam("now", type_=Instant),
)
MARK_FIRED: Final = (
    update(CLOCKS)
    .where(
        CLOCKS.c.account_id == bindparam("its_account"),
        CLOCKS.c.handoff_id == bindparam("its_handoff"),
        CLOCKS.c.rung == bindparam("its_rung"),
    )
    .values(state="fired", settled_at=bindparam("now"), late_ms=bindparam("late"))
)


@dataclass(frozen=True, slots=True)
class DueClock:
    account_id: str
    handoff_id: str
    rung: int
    due_at: datetime


def upcoming(connection: Connection, most: int) -> Sequence[DueClock]:
    """Return the armed clocks of all accounts that run out first or have run out, in that order, at most so many."""
    return [DueClock(*row) for row in connection.execute(UPCOMING, {"most": most})]


def due(connection: Connection, now: datetime, most: int) -> Sequence[DueClock]:
    """Return the clocks that have run out by `now`, the longest overdue first, at most so many."""
    return [clock for clock in upcoming(connection, most) if clock.due_at <= now]


def fire(tx: Transaction, account: Account, clock: DueClock, now: datetime) -> bool:
    """Fire one clock. Return False when another worker was first or the clock was stopped."""
    return bool(fire_together(tx, account, [clock], now).fired)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fired:
    """What became of clocks that had run out: `busy` are those whose handoff somebody is changing just now."""

    fired: Sequence[DueClock]
    busy: Sequence[DueClock]


def fire_together(tx: Transaction, account: Account, due: Sequence[DueClock], now: datetime) -> Fired:
    """Fire clocks of one account, but those that another worker had first or that were stopped.

    Each handoff is locked before its clocks, as everywhere, so that an answer and a rung of the
    same moment take turns. One that is locked already is left for the next look: a transaction
    that hangs holds up its own handoff alone.
    """
    changes = open_changes(tx, account, {clock.handoff_id for clock in due}, now, skip_locked=True)
    free = [clock for clock in due if clock.handoff_id in changes]
    too_late = [clock for clock in free if holding.is_too_late(clock.rung, clock.due_at, now)]
    for handoff_id in dict.fromkeys(clock.handoff_id for clock in too_late):
        holding.hold(changes[handoff_id], now - holding.LATEST)
    fired = _take(tx, account.account_id, [clock for clock in free if clock not in too_late], now)
    for clock in fired:
        _ring(changes[clock.handoff_id], clock)
    write_together(tx, changes.values())
    return Fired(fired=fired, busy=[clock for clock in due if clock.handoff_id not in changes])


def _take(tx: Transaction, account_id: str, due: Sequence[DueClock], now: datetime) -> Sequence[DueClock]:
    """Mark as fired those of `due` that still are, and return them; their handoffs are locked.

    One that was due when it was looked for may have been stopped since, and the machine's clock put back.
    """
    if not due:
        return ()
    places = [(clock.handoff_id, clock.rung) for clock in due]
    found = tx.execute(STILL_DUE, {"account_id": account_id, "places": places, "now": now})
    still = {(row.handoff_id, row.rung) for row in found}
    taken = [clock for clock in due if (clock.handoff_id, clock.rung) in still]
    if taken:
        tx.execute(MARK_FIRED, [_as_fired(clock, now) for clock in taken])
    return taken


def _as_fired(clock: DueClock, now: datetime) -> dict[str, Any]:
    return {
        "its_account": clock.account_id,
        "its_handoff": clock.handoff_id,
        "its_rung": clock.rung,
        "now": now,
        "late": (now - clock.due_at) // MILLISECOND,
    }


def _ring(change: Change, clock: DueClock) -> None:
    if clock.rung == PROMISE:
        _breach(change)
    elif clock.rung == CLOSING:
        warning.closing(change)
    elif clock.rung == CLOSED:
        warning.closed(change)
    else:
        _climb(change, clock)


def _breach(change: Change) -> None:
    """The promise has passed unanswered: say so, everywhere it can be seen."""
    if change.handoff.state is State.OPEN:
        change.note(
            "breached",
            actor="clock",
            tell_bot=True,
            promised_at=change.handoff.promised_at.isoformat(),
            gap=GAP in change.handoff.flags,
        )
        lifecycle.show(change)


def _climb(change: Change, clock: DueClock) -> None:
    rung = next(rung for rung in change.handoff.policy.ladder if rung.number == clock.rung)
    duty = on_duty(change.account.desk.roster, change.handoff.context.channel, change.now)
    outcomes = [take_step(change, step, rung.number, duty) for step in rung.steps]
    reached = any(outcome.reached for outcome in outcomes) or not any(
        outcome.calls_people for outcome in outcomes
    )
    change.become(rung=max(change.handoff.rung, rung.number))
    told = next((outcome.customer_text for outcome in outcomes if outcome.customer_text), None)
    change.note(
        "escalated",
        actor="clock",
        tell_bot=True,
        rung=rung.number,
        steps=[outcome.text for outcome in outcomes],
        reached=reached,
        late_ms=(change.now - clock.due_at) // MILLISECOND,
        customer_text=told,
    )
    lifecycle.show(change)
    if not reached:
        _nobody(change, clock, rung)


def _nobody(change: Change, clock: DueClock, rung: Rung) -> None:
    """Nobody could be called: the next rung is due at once; after the last, the fallback hears of it."""
    change.tx.execute(update(CLOCKS).where(*_is(clock)).values(reached=False))
    later = [other.number for other in change.handoff.policy.ladder if other.number > rung.number]
    if later:
        change.tx.execute(
            update(CLOCKS)
            .where(
                CLOCKS.c.account_id == clock.account_id,
                CLOCKS.c.handoff_id == clock.handoff_id,
                CLOCKS.c.rung == min(later),
                CLOCKS.c.state == "armed",
                CLOCKS.c.due_at > change.now,
            )
            .values(due_at=change.now)
        )
        change.tx.wake("clocks")
    else:
        lifecycle.alarm(change, "Nobody is on duty, and the ladder has ended: a customer is waiting.")


def _is(clock: DueClock) -> tuple[ColumnElement[bool], ...]:
    return (
        CLOCKS.c.account_id == clock.account_id,
        CLOCKS.c.handoff_id == clock.handoff_id,
        CLOCKS.c.rung == clock.rung,
    )
