"""Deliveries as rows: claim with a lease, settle once, put back, bury.

A worker that dies leaves its lease behind. When that has run out another worker takes the
delivery, and since nobody knows what the dead one had already sent, it looks first.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, case, exists, func, insert, or_, select, update

from bridge.delivery.budgets import Budgets
from bridge.delivery.job import DeliveryState, Job
from bridge.handoffs.change import Change
from bridge.handoffs.ids import new_id
from bridge.handoffs.precedence import counts_from
from bridge.store import Transaction, tables

DELIVERIES: Final = tables.deliveries
ATTEMPTS: Final = tables.attempts
BLOCKS: Final = tables.budgets
LEASE: Final = timedelta(seconds=30)
#: candidates looked at for each place free, since a budget may refuse some
LOOKED_AT: Final = 3
STILL_OWED: Final = (DeliveryState.OWED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What a worker can take: `most` in all, `most_each` of one account's connection, `busy` counts those held.

    `connections` are those it has a connector for; None for all.
    """

    most: int
    most_each: int
    busy: Mapping[tuple[str, str], int] = field(default_factory=dict)
    connections: Collection[str] | None = None

    def full(self) -> list[tuple[str, str]]:
        return [place for place, count in self.busy.items() if count >= self.most_each]

    def fitting(self, rows: Iterable[Any]) -> list[Any]:
        """Return those of `rows` for which there is room beside each other."""
        held = Counter(self.busy)
        fitting = []
        for row in rows:
            place = (row.account_id, row.connection)
            if held[place] < self.most_each:
                held[place] += 1
                fitting.append(row)
        return fitting


def claim(tx: Transaction, now: datetime, room: Room, budgets: Budgets) -> list[Job]:
    """Take deliveries that may be sent now, the longest-waiting customer's first, as far as there is room."""
    rows = tx.execute(_candidates(now, room)).all()
    granted = budgets.grant(tx, room.fitting(rows), room.most, now)
    jobs = [_job(row) for row in granted]
    if jobs:
        _lease(tx, jobs, now)
    return jobs


def next_moment(connection: Connection, now: datetime) -> datetime | None:
    """Return when the next delivery that waits for its time may be sent; None when none waits."""
    waiting = DELIVERIES.alias()
    return connection.execute(
        select(
            func.min(case((waiting.c.lease.is_not(None), waiting.c.lease_until), else_=waiting.c.not_before))
        ).where(
            waiting.c.state.in_(STILL_OWED),
            or_(
                and_(waiting.c.lease.is_(None), waiting.c.not_before > now),
                and_(waiting.c.lease.is_not(None), waiting.c.lease_until > now),
            ),
        )
    ).scalar()


def settle(
    tx: Transaction,
    job: Job,
    now: datetime,
    *,
    state: DeliveryState = DeliveryState.SETTLED,
    error: str | None = None,
) -> bool:
    """Close the delivery. Return False when the lease was lost to another worker: then change nothing."""
    return _close_attempt(
        tx, job, now, outcome=state, error=error, values={"state": state, "settled_at": now}
    )


def owe_again(tx: Transaction, job: Job, now: datetime, after: timedelta, payload: Any) -> bool:
    """Settle this round of a delivery that goes on, and owe the next one after `after`."""
    values = {
        "state": DeliveryState.OWED,
        "not_before": now + after,
        "waiting_since": counts_from(job.kind, job.rung, now, now),
        "payload": dict(payload),
        "attempts": 0,
        "first_tried_at": None,
    }
    taken = _close_attempt(tx, job, now, outcome=DeliveryState.SETTLED, error=None, values=values)
    if taken:
        tx.execute(ATTEMPTS.delete().where(*_attempts_of(job)))
    return taken


def owe(
    tx: Transaction,
    account_id: str,
    kind: str,
    connection: str,
    now: datetime,
    *,
    payload: Mapping[str, Any] | None = None,
    lane: str = "",
    not_before: datetime | None = None,
) -> None:
    """Owe a call that no handoff caused."""
    tx.execute(
        insert(DELIVERIES).values(
            account_id=account_id,
            delivery_id=new_id("dl", now),
            handoff_id="",
            connection=connection,
            kind=kind,
            lane=lane,
            number=0,
            payload=dict(payload or {}),
            state=DeliveryState.OWED,
            waiting_since=counts_from(kind, None, now, now),
            not_before=not_before or now,
            attempts=0,
            owed_at=now,
        )
    )
    tx.wake("deliveries")


def put_back(
    tx: Transaction, job: Job, now: datetime, *, after: timedelta, error: str, unknown: bool
) -> bool:
    """Owe it still, after a while. With `unknown` the next attempt looks before it sends."""
    state = DeliveryState.UNKNOWN if unknown else DeliveryState.OWED
    values: dict[str, Any] = {"state": state, "not_before": now + after}
    return _close_attempt(tx, job, now, outcome="unknown" if unknown else "busy", error=error, values=values)


def bury(change: Change, tx: Transaction, job: Job, now: datetime, error: str) -> bool:
    """Give up on it: a dead letter for a person to look at. The deliveries behind it move on."""
    taken = settle(tx, job, now, state=DeliveryState.DEAD, error=error)
    if taken:
        change.note("delivery_dead", actor="bridge", kind=job.kind, connection=job.connection, error=error)
    return taken


def release(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Give back what was claimed and never begun, as if it had not been touched."""
    for job in jobs:
        tx.execute(
            update(DELIVERIES)
            .where(*_held(job))
            .values(lease=None, lease_until=None, attempts=DELIVERIES.c.attempts - 1)
        )
        tx.execute(ATTEMPTS.delete().where(*_attempts_of(job), ATTEMPTS.c.attempt == job.attempt))
    tx.wake("deliveries")


def _candidates(now: datetime, room: Room) -> Any:
    earlier = DELIVERIES.alias("earlier")
    before_it = exists().where(
        earlier.c.account_id == DELIVERIES.c.account_id,
        earlier.c.handoff_id == DELIVERIES.c.handoff_id,
        earlier.c.connection == DELIVERIES.c.connection,
        earlier.c.number < DELIVERIES.c.number,
        earlier.c.state.in_(STILL_OWED),
        DELIVERIES.c.handoff_id != "",
        # A callback that failed steps aside: those behind it carry their number, and may be the answer.
        or_(DELIVERIES.c.kind != "callback", earlier.c.attempts == 0, earlier.c.lease.is_not(None)),
    )
    blocked = exists().where(
        BLOCKS.c.account_id == DELIVERIES.c.account_id,
        BLOCKS.c.connection == DELIVERIES.c.connection,
        BLOCKS.c.lane.in_(("*", DELIVERIES.c.kind, DELIVERIES.c.lane)),
        BLOCKS.c.blocked_until > now,
    )
    crowded = [
        and_(DELIVERIES.c.account_id == account, DELIVERIES.c.connection == connection)
        for account, connection in room.full()
    ]
    known = () if room.connections is None else (DELIVERIES.c.connection.in_(room.connections),)
    return (
        select(DELIVERIES)
        .where(
            DELIVERIES.c.state.in_(STILL_OWED),
            DELIVERIES.c.not_before <= now,
            or_(DELIVERIES.c.lease.is_(None), DELIVERIES.c.lease_until <= now),
            ~before_it,
            ~blocked,
            *[~pair for pair in crowded],
            *known,
        )
        .order_by(DELIVERIES.c.waiting_since, DELIVERIES.c.number)
        .limit(room.most * LOOKED_AT)
        .with_for_update(skip_locked=True, of=DELIVERIES)
    )


def _job(row: Any) -> Job:
    return Job(
        account_id=row.account_id,
        delivery_id=row.delivery_id,
        handoff_id=row.handoff_id,
        connection=row.connection,
        kind=row.kind,
        lane=row.lane,
        payload=row.payload,
        rung=row.rung,
        attempt=row.attempts + 1,
        lease=secrets.token_hex(8),
        # A lease that is still written there was never given back: its holder died on the way.
        look_first=row.state == DeliveryState.UNKNOWN or row.lease is not None,
        first_tried_at=row.first_tried_at,
    )


def _lease(tx: Transaction, jobs: Sequence[Job], now: datetime) -> None:
    for job in jobs:
        tx.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.account_id == job.account_id, DELIVERIES.c.delivery_id == job.delivery_id)
            .values(
                lease=job.lease,
                lease_until=now + LEASE,
                attempts=job.attempt,
                state=DeliveryState.UNKNOWN if job.look_first else DeliveryState.OWED,
                first_tried_at=job.first_tried_at or now,
            )
        )
    tx.execute(
        insert(ATTEMPTS),
        [
            {
                "account_id": job.account_id,
                "delivery_id": job.delivery_id,
                "attempt": job.attempt,
                "began_at": now,
            }
            for job in jobs
        ],
    )


def _close_attempt(
    tx: Transaction, job: Job, now: datetime, *, outcome: str, error: str | None, values: dict[str, Any]
) -> bool:
    closed = tx.execute(
        update(DELIVERIES).where(*_held(job)).values(**values, lease=None, lease_until=None, error=error)
    )
    if closed.rowcount != 1:
        return False
    tx.execute(
        update(ATTEMPTS)
        .where(*_attempts_of(job), ATTEMPTS.c.attempt == job.attempt)
        .values(ended_at=now, outcome=outcome, error=error)
    )
    return True


def _held(job: Job) -> tuple[Any, ...]:
    return (
        DELIVERIES.c.account_id == job.account_id,
        DELIVERIES.c.delivery_id == job.delivery_id,
        DELIVERIES.c.lease == job.lease,
    )


def _attempts_of(job: Job) -> tuple[Any, ...]:
    return (ATTEMPTS.c.account_id == job.account_id, ATTEMPTS.c.delivery_id == job.delivery_id)
