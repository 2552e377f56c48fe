"""Deliveries as rows: claim with a lease, settle once, put back, bury.

A worker that dies leaves its lease behind. When that has run out another worker takes the
delivery, and since nobody knows what the dead one had already sent, it looks first.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from bridge.delivery.budgets import NEXT_FREE, Budgets
from bridge.delivery.job import DeliveryState, Job
from bridge.handoffs.change import Change
from bridge.store import Transaction, tables
from bridge.store.columns import Instant

DELIVERIES: Final = tables.deliveries
ATTEMPTS: Final = tables.attempts
BLOCKS: Final = tables.budgets
LEASE: Final = timedelta(seconds=30)
#: candidates looked at for each place free, since a budget may refuse some
LOOKED_AT: Final = 3
NOW: Final = bindparam("now", type_=Instant())
STILL_OWED: Final = (DeliveryState.OWED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What a worker can take: `most` more in all, of which `busy` counts those it holds already.

    Of one account's connection it holds `most_each` at most, and of one account `most_of_account`, None
    for all there is room for. `connections` are those it has a connector for; None for all.
    """

    most: int
    most_each: int
    most_of_account: int | None = None
    busy: Mapping[tuple[str, str], int] = field(default_factory=dict)
    connections: Collection[str] | None = None

    def full(self) -> list[tuple[str, str]]:
        return [place for place, count in self.busy.items() if count >= self.most_each]

    def full_accounts(self) -> list[str]:
        if self.most_of_account is None:
            return []
        held = _by_account(self.busy)
        return [account_id for account_id, count in held.items() if count >= self.most_of_account]

    def fitting(self, rows: Iterable[Any]) -> list[Any]:
        """Return those of `rows` for which there is room beside each other."""
        held, of_account = Counter(self.busy), _by_account(self.busy)
        fitting = []
        for row in rows:
            place = (row.account_id, row.connection)
            is_full = self.most_of_account is not None and of_account[row.account_id] >= self.most_of_account
            if held[place] < self.most_each and not is_full:
                held[place] += 1
                of_account[row.account_id] += 1
                fitting.append(row)
        return fitting

    def less(self, jobs: Sequence[Job]) -> Room:
        """Return what is left of it once these are held, too."""
        busy = Counter(self.busy)
        busy.update((job.account_id, job.connection) for job in jobs)
        return replace(self, most=self.most - len(jobs), busy=busy)


def claim(tx: Transaction, now: datetime, room: Room, budgets: Budgets) -> list[Job]:
    """Take deliveries that may be sent now, the longest-waiting customer's first, as far as there is room.

    Where a budget or a full connection stands in the way of the longest-waiting, those behind them get
    their turn at once: each further look leaves out what was found to be full.
    """
    taken: list[Job] = []
    while room.most > 0:
        look_at = room.most * LOOKED_AT
        rows = tx.execute(_candidates(room), _asked(now, room, look_at)).all()
        fitting = room.fitting(rows)
        jobs = [_job(row) for row in budgets.grant(tx, fitting, room.most, now)]
        if jobs:
            _lease(tx, jobs, now)
        taken += jobs
        if len(rows) < look_at or not fitting:
            break
        room = room.less(jobs)
    return taken


def next_moment(connection: Connection, now: datetime) -> datetime | None:
    """Return when a delivery that waits for its time, its lease or its budget may be sent; None for none."""
    moments = (connection.execute(asked, {"now": now}).scalar() for asked in (_NEXT_DUE, NEXT_FREE))
    return min((moment for moment in moments if moment is not None), default=None)


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
        "payload": dict(payload),
        "attempts": 0,
        "first_tried_at": None,
    }
    taken = _close_attempt(tx, job, now, outcome=DeliveryState.SETTLED, error=None, values=values)
    if taken:
        tx.execute(ATTEMPTS.delete().where(*_attempts_of(job)))
    return taken


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


def _all_candidates() -> Select[Any]:
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
        BLOCKS.c.blocked_until > NOW,
    )
    place = tuple_(DELIVERIES.c.account_id, DELIVERIES.c.connection)
    return (
        select(DELIVERIES)
        .where(
            DELIVERIES.c.state.in_(STILL_OWED),
            DELIVERIES.c.not_before <= NOW,
            or_(DELIVERIES.c.lease.is_(None), DELIVERIES.c.lease_until <= NOW),
            ~before_it,
            ~blocked,
            place.not_in(bindparam("full", expanding=True)),
            DELIVERIES.c.account_id.not_in(bindparam("full_accounts", expanding=True)),
        )
        .order_by(DELIVERIES.c.waiting_since, DELIVERIES.c.number)
        .limit(bindparam("look_at", type_=Integer))
        .with_for_update(skip_locked=True, of=DELIVERIES)
    )


# Built once: putting these together costs more than running them.
_CANDIDATES: Final = _all_candidates()
_REACHABLE: Final = _CANDIDATES.where(DELIVERIES.c.connection.in_(bindparam("connections", expanding=True)))
_NEXT_DUE: Final = select(
    func.min(case((DELIVERIES.c.lease.is_not(None), DELIVERIES.c.lease_until), else_=DELIVERIES.c.not_before))
).where(
    DELIVERIES.c.state.in_(STILL_OWED),
    or_(
        and_(DELIVERIES.c.lease.is_(None), DELIVERIES.c.not_before > NOW),
        and_(DELIVERIES.c.lease.is_not(None), DELIVERIES.c.lease_until > NOW),
    ),
)
_TAKEN: Final = (
    update(DELIVERIES)
    .where(
        DELIVERIES.c.account_id == bindparam("of_account"),
        DELIVERIES.c.delivery_id == bindparam("of_delivery"),
    )
    .values(
        {name: bindparam(name) for name in ("lease", "lease_until", "attempts", "state", "first_tried_at")}
    )
)
_BEGUN: Final = insert(ATTEMPTS)
_ENDED: Final = (
    update(ATTEMPTS)
    .where(
        ATTEMPTS.c.account_id == bindparam("of_account"),
        ATTEMPTS.c.delivery_id == bindparam("of_delivery"),
        ATTEMPTS.c.attempt == bindparam("of_attempt"),
    )
    .values({name: bindparam(name) for name in ("ended_at", "outcome", "error")})
)


def _candidates(room: Room) -> Select[Any]:
    return _CANDIDATES if room.connections is None else _REACHABLE


def _asked(now: datetime, room: Room, look_at: int) -> dict[str, Any]:
    asked = {"now": now, "full": room.full(), "full_accounts": room.full_accounts(), "look_at": look_at}
    return asked if room.connections is None else {**asked, "connections": list(room.connections)}


def _by_account(busy: Mapping[tuple[str, str], int]) -> Counter[str]:
    held: Counter[str] = Counter()
    for (account_id, _), count in busy.items():
        held[account_id] += count
    return held


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
            _TAKEN,
            {
                "of_account": job.account_id,
                "of_delivery": job.delivery_id,
                "lease": job.lease,
                "lease_until": now + LEASE,
                "attempts": job.attempt,
                "state": DeliveryState.UNKNOWN if job.look_first else DeliveryState.OWED,
                "first_tried_at": job.first_tried_at or now,
            },
        )
    tx.execute(
        _BEGUN,
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
        _ENDED,
        {
            "of_account": job.account_id,
            "of_delivery": job.delivery_id,
            "of_attempt": job.attempt,
            "ended_at": now,
            "outcome": outcome,
            "error": error,
        },
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
