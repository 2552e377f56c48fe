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
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Integer,
    Update,
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
from bridge.handoffs.ids import new_id
from bridge.handoffs.precedence import counts_from
from bridge.store import Transaction, tables
from bridge.store.columns import Instant, written_out

DELIVERIES: Final = tables.deliveries
ATTEMPTS: Final = tables.attempts
BLOCKS: Final = tables.budgets
#: a third of it is as long as a vendor is given for its answer to one call
LEASE: Final = timedelta(seconds=30)
#: candidates looked at for each place free, since a budget may refuse some
LOOKED_AT: Final = 3
#: written out, as in the indexes over what is owed: SQLite uses those only where it sees the same words
STILL_OWED: Final = written_out(DeliveryState.OWED.value, DeliveryState.UNKNOWN.value)
#: what a candidate is judged by; its payload is read once it is granted
LOOKED_AT_FIRST: Final = (
    DELIVERIES.c.account_id,
    DELIVERIES.c.delivery_id,
    DELIVERIES.c.handoff_id,
    DELIVERIES.c.connection,
    DELIVERIES.c.kind,
    DELIVERIES.c.lane,
    DELIVERIES.c.rung,
    DELIVERIES.c.attempts,
    DELIVERIES.c.state,
    DELIVERIES.c.lease,
    DELIVERIES.c.first_tried_at,
)

# Built once, as all that is asked for each delivery: putting a statement together costs more than running it.
THESE: Final = (
    DELIVERIES.c.account_id == bindparam("of_account"),
    DELIVERIES.c.delivery_id.in_(bindparam("ids", expanding=True)),
)
THEIR_ATTEMPTS: Final = (
    ATTEMPTS.c.account_id == bindparam("of_account"),
    ATTEMPTS.c.delivery_id.in_(bindparam("ids", expanding=True)),
)
LEASED: Final = (
    update(DELIVERIES)
    .where(*THESE)
    .values(
        lease=bindparam("lease"),
        lease_until=bindparam("lease_until"),
        attempts=DELIVERIES.c.attempts + 1,
        state=case((DELIVERIES.c.lease.is_not(None), DeliveryState.UNKNOWN.value), else_=DELIVERIES.c.state),
        first_tried_at=func.coalesce(DELIVERIES.c.first_tried_at, bindparam("now", type_=Instant)),
    )
    .returning(DELIVERIES.c.delivery_id, DELIVERIES.c.payload)
)
BEGUN: Final = insert(ATTEMPTS)
HELD: Final = (
    select(DELIVERIES.c.delivery_id, DELIVERIES.c.lease)
    .where(*THESE)
    .order_by(DELIVERIES.c.delivery_id)
    .with_for_update()
)
ENDED: Final = (
    update(ATTEMPTS)
    .where(
        *THEIR_ATTEMPTS,
        tuple_(ATTEMPTS.c.delivery_id, ATTEMPTS.c.attempt).in_(bindparam("tried", expanding=True)),
    )
    .values(ended_at=bindparam("now"), outcome=bindparam("new_outcome"), error=bindparam("new_error"))
)
RELEASED: Final = (
    update(DELIVERIES).where(*THESE).values(lease=None, lease_until=None, attempts=DELIVERIES.c.attempts - 1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What a worker can take: `threads` in all; `busy` counts those held, by account and connection.

    `connections` are those it has a connector for; None for all.
    """

    threads: int
    busy: Mapping[tuple[str, str], int] = field(default_factory=dict)
    connections: Collection[str] | None = None

    @property
    def most(self) -> int:
        """Return how many more may be held."""
        return max(0, self.threads - sum(self.busy.values()))

    def full(self) -> list[tuple[str, str]]:
        """Return the connections that hold their share already."""
        held = Counter(self.busy)
        return [place for place in held if not self._has_room(held, place)]

    def fitting(self, rows: Iterable[Any]) -> list[Any]:
        """Return those of `rows` for which there is room beside each other."""
        held = Counter(self.busy)
        fitting = []
        for row in rows:
            place = (row.account_id, row.connection)
            if self._has_room(held, place):
                held[place] += 1
                fitting.append(row)
        return fitting

    def less(self, jobs: Iterable[Job]) -> Room:
        """Return what is left of it once these are held, too."""
        busy = Counter(self.busy)
        busy.update((job.account_id, job.connection) for job in jobs)
        return replace(self, busy=busy)

    def _has_room(self, held: Counter[tuple[str, str]], place: tuple[str, str]) -> bool:
        """A connection takes at most half of what the others leave: so however many hang, some threads are free."""
        left_by_others = self.threads - held.total() + held[place]
        return 2 * held[place] < left_by_others


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What a worker now holds. `more` says that there may be others that it has room for at once."""

    jobs: list[Job]
    more: bool


def claim(tx: Transaction, now: datetime, room: Room, budgets: Budgets) -> list[Job]:
    """Take deliveries that may be sent now, the longest-waiting customer's first, as far as there is room.

    Where a budget stands in the way of the longest-waiting, those behind them get their turn at once.
    """
    taken: list[Job] = []
    more = True
    while more and room.most:
        claimed = claim_some(tx, now, room, budgets)
        taken += claimed.jobs
        room, more = room.less(claimed.jobs), claimed.more
    return taken


def claim_some(tx: Transaction, now: datetime, room: Room, budgets: Budgets) -> Claimed:
    """As `claim`, and tell whether there may be more."""
    most = room.most * LOOKED_AT
    asked: dict[str, Any] = {"now": now, "full": room.full(), "most": most}
    if room.connections is None:
        rows = tx.execute(CANDIDATES, asked).all()
    else:
        rows = tx.execute(CANDIDATES_THROUGH, {**asked, "connections": sorted(room.connections)}).all()
    fitting = room.fitting(rows)
    granted = budgets.grant(tx, fitting, room.most, now)
    lease = secrets.token_hex(8)
    payloads = _lease(tx, granted, lease, now)
    jobs = [_job(row, lease, now + LEASE, payloads[row.account_id, row.delivery_id]) for row in granted]
    # What was granted, or refused for want of a budget, is left out of the next look: those behind have their turn.
    return Claimed(jobs=jobs, more=bool(fitting) and len(rows) == most)


def next_moment(connection: Connection, now: datetime) -> datetime | None:
    """Return when the next delivery that waits for its time, or for its budget, may be sent; None when none waits.

    A lease that runs out is not foretold: whoever looks from time to time finds it soon enough.
    """
    moments = (connection.execute(asked, {"now": now}).scalar() for asked in (NEXT_MOMENT, NEXT_FREE))
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
    return bool(settle_together(tx, [job], now, state=state, error=error))


def settle_together(
    tx: Transaction,
    jobs: Sequence[Job],
    now: datetime,
    *,
    state: DeliveryState = DeliveryState.SETTLED,
    error: str | None = None,
) -> list[Job]:
    """Close deliveries of one account; return those whose lease was still ours. The others are left alone."""
    values = {"state": state, "settled_at": now}
    return _close_attempts(tx, jobs, now, outcome=state, error=error, values=values)


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
    taken = _close_attempts(tx, [job], now, outcome=DeliveryState.SETTLED, error=None, values=values)
    if taken:
        tx.execute(ATTEMPTS.delete().where(*THEIR_ATTEMPTS), _these(job.account_id, [job]))
    return bool(taken)


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
    waiting_since: datetime | None = None,
) -> None:
    """Owe a call that no handoff caused, or that stands in no handoff's order.

    `waiting_since` is since when somebody has waited for it, None for nobody yet.
    """
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
            waiting_since=waiting_since or counts_from(kind, None, now, now),
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
    outcome = "unknown" if unknown else "busy"
    return bool(_close_attempts(tx, [job], now, outcome=outcome, error=error, values=values))


def bury(change: Change, tx: Transaction, job: Job, now: datetime, error: str) -> bool:
    """Give up on it: a dead letter for a person to look at. The deliveries behind it move on."""
    taken = settle(tx, job, now, state=DeliveryState.DEAD, error=error)
    if taken:
        change.note("delivery_dead", actor="bridge", kind=job.kind, connection=job.connection, error=error)
    return taken


def may_write(job: Job, now: datetime) -> bool:
    """Return whether a call that begins at `now` ends before another worker may take the delivery."""
    return now < job.lease_until - LEASE / 3


def release(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Give back what was claimed and never begun, as if it had not been touched."""
    for account_id, mine in _by_account(jobs):
        held = _still_held(tx, account_id, mine)
        tx.execute(RELEASED, _these(account_id, held))
        for job in held:
            this_one = ATTEMPTS.delete().where(*THEIR_ATTEMPTS, ATTEMPTS.c.attempt == job.attempt)
            tx.execute(this_one, _these(account_id, [job]))
    tx.wake("deliveries")


def _candidates() -> Any:
    """Select what may be sent at `now`, the longest-waiting customer's first, but through `full` connections."""
    now = bindparam("now", type_=Instant)
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
        # The customer's words that wait for more of them hold up nothing else of the ticket.
        or_(
            earlier.c.kind != "update_ticket",
            earlier.c.not_before <= now,
            earlier.c.attempts > 0,
            earlier.c.lease.is_not(None),
        ),
    )
    blocked = exists().where(
        BLOCKS.c.account_id == DELIVERIES.c.account_id,
        BLOCKS.c.connection == DELIVERIES.c.connection,
        BLOCKS.c.lane.in_(("*", DELIVERIES.c.kind, DELIVERIES.c.lane)),
        BLOCKS.c.blocked_until > now,
    )
    return (
        select(*LOOKED_AT_FIRST)
        .where(
            DELIVERIES.c.state.in_(STILL_OWED),
            DELIVERIES.c.not_before <= now,
            or_(DELIVERIES.c.lease.is_(None), DELIVERIES.c.lease_until <= now),
            ~before_it,
            ~blocked,
            tuple_(DELIVERIES.c.account_id, DELIVERIES.c.connection).not_in(
                bindparam("full", expanding=True)
            ),
        )
        .order_by(DELIVERIES.c.waiting_since, DELIVERIES.c.number)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=DELIVERIES)
    )


CANDIDATES: Final = _candidates()
CANDIDATES_THROUGH: Final = CANDIDATES.where(
    DELIVERIES.c.connection.in_(bindparam("connections", expanding=True))
)
NEXT_MOMENT: Final = select(func.min(DELIVERIES.c.not_before)).where(
    DELIVERIES.c.state.in_(STILL_OWED), DELIVERIES.c.not_before > bindparam("now", type_=Instant)
)


def _job(row: Any, lease: str, lease_until: datetime, payload: Mapping[str, Any]) -> Job:
    return Job(
        account_id=row.account_id,
        delivery_id=row.delivery_id,
        handoff_id=row.handoff_id,
        connection=row.connection,
        kind=row.kind,
        lane=row.lane,
        payload=payload,
        rung=row.rung,
        attempt=row.attempts + 1,
        lease=lease,
        lease_until=lease_until,
        # A lease that is still written there was never given back: its holder died on the way.
        look_first=row.state == DeliveryState.UNKNOWN or row.lease is not None,
        first_tried_at=row.first_tried_at,
    )


def _lease(
    tx: Transaction, rows: Sequence[Any], lease: str, now: datetime
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Lease what was granted, note that an attempt begins, and return the payloads."""
    payloads = {}
    for account_id, mine in _by_account(rows):
        leased = tx.execute(
            LEASED, {**_these(account_id, mine), "lease": lease, "lease_until": now + LEASE, "now": now}
        )
        payloads.update({(account_id, row.delivery_id): row.payload for row in leased.all()})
        begun = {"account_id": account_id, "began_at": now}
        attempts = [{**begun, "delivery_id": row.delivery_id, "attempt": row.attempts + 1} for row in mine]
        tx.execute(BEGUN, attempts)
    return payloads


def _close_attempts(
    tx: Transaction,
    jobs: Sequence[Job],
    now: datetime,
    *,
    outcome: str,
    error: str | None,
    values: dict[str, Any],
) -> list[Job]:
    """Set `values` on the deliveries of one account that we still hold, and end their attempts."""
    account_id = jobs[0].account_id
    held = _still_held(tx, account_id, jobs)
    if not held:
        return []
    given_back = {"lease": None, "lease_until": None, "error": error, **values}
    named = {f"new_{name}": value for name, value in given_back.items()}
    tx.execute(_setting(frozenset(given_back)), {**_these(account_id, held), **named})
    tried = [(job.delivery_id, job.attempt) for job in held]
    tx.execute(
        ENDED,
        {**_these(account_id, held), "tried": tried, "now": now, "new_outcome": outcome, "new_error": error},
    )
    return held


@lru_cache
def _setting(columns: frozenset[str]) -> Update:
    return (
        update(DELIVERIES).where(*THESE).values({name: bindparam(f"new_{name}") for name in sorted(columns)})
    )


def _still_held(tx: Transaction, account_id: str, jobs: Sequence[Job]) -> list[Job]:
    """Lock the deliveries, and return the jobs whose lease nobody has taken over meanwhile."""
    leases = {row.delivery_id: row.lease for row in tx.execute(HELD, _these(account_id, jobs))}
    return [job for job in jobs if leases.get(job.delivery_id) == job.lease]


def _by_account(jobs: Iterable[Any]) -> Iterable[tuple[str, list[Any]]]:
    mine: dict[str, list[Any]] = {}
    for job in jobs:
        mine.setdefault(job.account_id, []).append(job)
    return mine.items()


def _these(account_id: str, jobs: Iterable[Any]) -> dict[str, Any]:
    """Return what THESE and THEIR_ATTEMPTS ask for."""
    return {"of_account": account_id, "ids": [job.delivery_id for job in jobs]}
