"""Vendors' limits as budgets that all processes share, and the breaker that spares a vendor in trouble.

Where a vendor's answers tell the real limit and what is left of it, they are believed, since other
integrations spend from the same purse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, case, func, insert, select, tuple_, update

from bridge.delivery.job import Job
from bridge.delivery.purse import BREAKER_OPENS, PROBE_EVERY, Purse
from bridge.store import Transaction, tables
from connectors.base import Limit, RateReading
from connectors.errors import EVERYTHING

BUDGETS: Final = tables.budgets
#: the budget of one lane (a channel, say) is called so in a connector's `limits`
PER_LANE: Final = "post"

Place = tuple[str, str, str]  #: account, connection, lane
LimitsOf = Callable[[str, str], Mapping[str, Limit]]

# Built once: putting a statement together costs more than running it.
_PLACE: Final = (BUDGETS.c.account_id, BUDGETS.c.connection, BUDGETS.c.lane)
_HERE: Final = (
    BUDGETS.c.account_id == bindparam("of_account"),
    BUDGETS.c.connection == bindparam("of_connection"),
    BUDGETS.c.lane == bindparam("of_lane"),
)
_LOCKED: Final = (
    select(BUDGETS)
    .where(tuple_(*_PLACE).in_(bindparam("places", expanding=True)))
    .order_by(*_PLACE)
    .with_for_update()
)
_NEW: Final = insert(BUDGETS)
_CHANGED: Final = (
    update(BUDGETS)
    .where(*_HERE)
    .values({name: bindparam(name) for name in ("spent", "calls", "failures", "blocked_until")})
)
_CLOSED: Final = (
    update(BUDGETS)
    .where(
        BUDGETS.c.account_id == bindparam("of_account"),
        BUDGETS.c.connection.in_(bindparam("connections", expanding=True)),
        BUDGETS.c.lane == EVERYTHING,
        BUDGETS.c.failures > 0,
    )
    .values(
        failures=0,
        blocked_until=case((BUDGETS.c.failures >= BREAKER_OPENS, None), else_=BUDGETS.c.blocked_until),
    )
)
#: when the first of the blocked budgets is free again
NEXT_FREE: Final = select(func.min(BUDGETS.c.blocked_until)).where(BUDGETS.c.blocked_until > bindparam("now"))


class Budgets:
    """`limits_of(account_id, connection)` tells the limits of a connection by name."""

    def __init__(self, limits_of: LimitsOf) -> None:
        self._limits_of = limits_of

    def grant(self, tx: Transaction, rows: Sequence[Any], most: int, now: datetime) -> list[Any]:
        """Return those of `rows` that may be sent now, in order, at most `most`; their budgets are charged."""
        granted: list[Any] = []
        purses = self._purses(tx, {place for row in rows for place in self._places(row)})
        for row in rows:
            if len(granted) >= most:
                break
            if self._charge(row, purses, now):
                granted.append(row)
        _save(tx, purses)
        return granted

    def note_readings(
        self, tx: Transaction, account_id: str, said: Sequence[tuple[str, RateReading]], now: datetime
    ) -> None:
        """Believe what vendors' answers `said` of the limits of a connection, in the order in which they came."""
        purses = self._purses(tx, {(account_id, connection, reading.limit) for connection, reading in said})
        for connection, reading in said:
            purses[account_id, connection, reading.limit].believe(reading, now)
        _save(tx, purses)

    def block(self, tx: Transaction, job: Job, lane: str, until: datetime) -> None:
        """Send nothing more through this lane before `until`: the vendor said so."""
        purses = self._purses(tx, [(job.account_id, job.connection, lane)])
        for purse in purses.values():
            purse.refused(until)
        _save(tx, purses)

    def failed(self, tx: Transaction, job: Job, now: datetime) -> None:
        """Count a failure of the vendor itself; enough of them in a row open the breaker."""
        purses = self._purses(tx, [(job.account_id, job.connection, EVERYTHING)])
        for purse in purses.values():
            purse.failures, purse.is_changed = purse.failures + 1, True
            if purse.failures >= BREAKER_OPENS:
                purse.block(max(now + PROBE_EVERY, purse.blocked_until or now))
        _save(tx, purses)

    def succeeded(self, tx: Transaction, account_id: str, connections: Collection[str]) -> None:
        """Close the breaker of these connections and forget their failures."""
        tx.execute(_CLOSED, {"of_account": account_id, "connections": list(connections)})

    def _charge(self, row: Any, purses: Mapping[Place, Purse], now: datetime) -> bool:
        spent: list[Purse] = []
        for place in self._places(row):
            if not purses[place].spend(now):
                for purse in spent:
                    purse.give_back(now)
                return False
            spent.append(purses[place])
        return True

    def _places(self, row: Any) -> list[Place]:
        """Return the budgets one delivery is charged to: the connection's, its kind's, its lane's."""
        limits = self._limits_of(row.account_id, row.connection)
        lanes = [EVERYTHING]
        if row.kind in limits:
            lanes.append(row.kind)
        if row.lane and PER_LANE in limits:
            lanes.append(row.lane)
        return [(row.account_id, row.connection, lane) for lane in lanes]

    def _purses(self, tx: Transaction, places: Collection[Place]) -> dict[Place, Purse]:
        """Lock the budgets at `places`, always in the same order; one that was never used is full."""
        if not places:
            return {}
        known = {
            (row.account_id, row.connection, row.lane): row
            for row in tx.execute(_LOCKED, {"places": list(places)})
        }
        return {place: _purse(known.get(place), place, self._limit(place)) for place in places}

    def _limit(self, place: Place) -> Limit | None:
        account_id, connection, lane = place
        limits = self._limits_of(account_id, connection)
        return limits.get(lane) or (limits.get(PER_LANE) if lane != EVERYTHING else None)


def _purse(row: Any, place: Place, limit: Limit | None) -> Purse:
    if row is None:
        return Purse(lane=place[2], limit=limit)
    return Purse(
        lane=place[2],
        spent={int(slot): calls for slot, calls in row.spent.items()},
        calls=row.calls,
        failures=row.failures,
        blocked_until=row.blocked_until,
        limit=limit,
        is_new=False,
    )


def _save(tx: Transaction, purses: Mapping[Place, Purse]) -> None:
    for place, purse in purses.items():
        if not purse.is_changed:
            continue
        values = {
            "spent": {str(slot): calls for slot, calls in purse.spent.items()},
            "calls": purse.calls,
            "failures": purse.failures,
            "blocked_until": purse.blocked_until,
        }
        if purse.is_new:
            account_id, connection, lane = place
            tx.execute(_NEW, {"account_id": account_id, "connection": connection, "lane": lane, **values})
        else:
            tx.execute(_CHANGED, {**_named(place), **values})


def _named(place: Place) -> dict[str, str]:
    return dict(zip(("of_account", "of_connection", "of_lane"), place, strict=True))
