"""Clocks that have run out: find them, fire each rung once, and do what its ladder says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select, update

from bridge.handoffs import holding, lifecycle
from bridge.handoffs.accept import GAP, PROMISE
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.model import State
from bridge.handoffs.steps import take_step
from bridge.roster.on_duty import on_duty
from bridge.sla.model import Rung
from bridge.store import Transaction, tables

CLOCKS: Final = tables.clocks
MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueClock:
    account_id: str
    handoff_id: str
    rung: int
    due_at: datetime


def next_due(connection: Connection, after: datetime | None = None) -> datetime | None:
    """Return when the next armed clock of any account runs out, None when none is armed.

    With `after`, clocks that had run out by then do not count.
    """
    armed = select(func.min(CLOCKS.c.due_at)).where(CLOCKS.c.state == "armed")
    return connection.execute(armed.where(CLOCKS.c.due_at > after) if after else armed).scalar()


def due(connection: Connection, now: datetime, most: int) -> Sequence[DueClock]:
    """Return the clocks that have run out by `now`, the longest overdue first, at most so many."""
    found = connection.execute(
        select(CLOCKS.c.account_id, CLOCKS.c.handoff_id, CLOCKS.c.rung, CLOCKS.c.due_at)
        .where(CLOCKS.c.state == "armed", CLOCKS.c.due_at <= now)
        .order_by(CLOCKS.c.due_at, CLOCKS.c.handoff_id, CLOCKS.c.rung)
        .limit(most)
    )
    return [DueClock(**row._mapping) for row in found]


def fire(tx: Transaction, account: Account, clock: DueClock, now: datetime) -> bool:
    """Fire one clock. Return False when another worker was first, the clock was stopped, or it is held.

    The handoff is locked before its clock, as everywhere, so that an answer and a rung of the
    same moment take turns.
    """
    change = open_change(tx, account, clock.handoff_id, now)
    if holding.is_too_late(clock.due_at, now):
        holding.hold(change, now - holding.LATEST)
        change.write()
        return False
    if not _take(tx, clock, now):
        return False
    if clock.rung == PROMISE:
        _breach(change)
    else:
        _climb(change, clock)
    change.write()
    return True


def _take(tx: Transaction, clock: DueClock, now: datetime) -> bool:
    taken = tx.execute(
        update(CLOCKS)
        .where(*_is(clock), CLOCKS.c.state == "armed")
        .values(state="fired", settled_at=now, late_ms=(now - clock.due_at) // MILLISECOND)
    )
    return taken.rowcount == 1


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
