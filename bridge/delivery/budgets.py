"""Vendors' limits as budgets that all processes share, and the breaker that spares a vendor in trouble.

A budget counts the calls of one window. Where a vendor's answers tell the real limit and what
is left of it, they are believed, since other integrations spend from the same purse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, insert, select, tuple_, update

from bridge.delivery.job import Job
from bridge.store import Transaction, tables
from connectors.base import Limit, RateReading
from connectors.errors import EVERYTHING

BUDGETS: Final = tables.budgets
#: the budget of one lane (a channel, say) is called so in a connector's `limits`
PER_LANE: Final = "post"
#: failures in a row after which the breaker opens
BREAKER_OPENS: Final = 5
#: while it is open, one delivery in so long tries whether the vendor is back
PROBE_EVERY: Final = timedelta(seconds=15)
#: windows without a call after which bursts are tried again
RESTED_AFTER: Final = 10
NO_WINDOW: Final = timedelta(0)

Place = tuple[str, str, str]  #: account, connection, lane
LimitsOf = Callable[[str, str], Mapping[str, Limit]]


@dataclass(kw_only=True, slots=True)
class _Purse:
    """One budget as this transaction sees it."""

    lane: str
    window_began_at: datetime
    used: int
    calls: int | None
    failures: int
    blocked_until: datetime | None
    is_new: bool
    limit: Limit | None
    dirty: bool = False

    def spend(self, now: datetime) -> bool:
        """Take one call from the window of `now`; False when nothing is left of it."""
        if self.blocked_until and self.blocked_until > now:
            return False
        if self.failures >= BREAKER_OPENS:
            self.blocked_until, self.dirty = now + PROBE_EVERY, True
            return True
        if self.limit is None:
            return True
        if now >= self.window_began_at + self.limit.per:
            self._begin_window(now, self.limit)
        if self.used >= (self.calls or self.limit.until_refused or self.limit.calls):
            self.blocked_until, self.dirty = self.window_began_at + self.limit.per, True
            return False
        self.used, self.dirty = self.used + 1, True
        return True

    def _begin_window(self, now: datetime, limit: Limit) -> None:
        if limit.until_refused and now >= self.window_began_at + RESTED_AFTER * limit.per:
            self.calls = None
        self.window_began_at, self.used = now, 0

    def believe(self, reading: RateReading, now: datetime) -> None:
        """Take over what the vendor itself said of the limit."""
        window = self.limit.per if self.limit else NO_WINDOW
        if now >= self.window_began_at + window:
            self.window_began_at, self.used = now, 0
        if reading.resets_in is not None:
            self.window_began_at = now + reading.resets_in - window
        self.calls, self.used = reading.total, max(self.used, reading.total - reading.remaining)

    def give_back(self) -> None:
        self.used = max(0, self.used - 1)


class Budgets:
    """`limits_of(account_id, connection)` tells the limits of a connection by name."""

    def __init__(self, limits_of: LimitsOf) -> None:
        self._limits_of = limits_of

    def grant(self, tx: Transaction, rows: Sequence[Any], most: int, now: datetime) -> list[Any]:
        """Return those of `rows` that may be sent now, in order, at most `most`; their budgets are charged."""
        granted: list[Any] = []
        purses = self._purses(tx, {place for row in rows for place in self._places(row)}, now)
        for row in rows:
            if len(granted) >= most:
                break
            if self._charge(row, purses, now):
                granted.append(row)
        for (account_id, connection, _), purse in purses.items():
            if purse.dirty:
                _save(tx, account_id, connection, purse)
        return granted

    def note_readings(
        self, tx: Transaction, account_id: str, said: Sequence[tuple[str, RateReading]], now: datetime
    ) -> None:
        """Believe what vendors' answers `said` of the limits of a connection, in the order in which they came."""
        places = {(account_id, connection, reading.limit) for connection, reading in said}
        purses = self._purses(tx, places, now)
        for connection, reading in said:
            purses[account_id, connection, reading.limit].believe(reading, now)
        for (_, connection, _), purse in sorted(purses.items()):
            _save(tx, account_id, connection, purse)

    def block(self, tx: Transaction, job: Job, lane: str, until: datetime) -> None:
        """Send nothing more through this lane before `until`: the vendor said so."""
        purse = self._purse(tx, (job.account_id, job.connection, lane), until)
        purse.blocked_until = max(until, purse.blocked_until or until)
        if purse.limit and purse.limit.until_refused:
            purse.calls = purse.limit.calls
        _save(tx, job.account_id, job.connection, purse)

    def failed(self, tx: Transaction, job: Job, now: datetime) -> None:
        """Count a failure of the vendor itself; enough of them in a row open the breaker."""
        purse = self._purse(tx, (job.account_id, job.connection, EVERYTHING), now)
        purse.failures += 1
        if purse.failures >= BREAKER_OPENS:
            purse.blocked_until = max(now + PROBE_EVERY, purse.blocked_until or now)
        _save(tx, job.account_id, job.connection, purse)

    def succeeded(self, tx: Transaction, account_id: str, connections: Collection[str]) -> None:
        """Close the breaker of these connections and forget their failures."""
        was_open = BUDGETS.c.failures >= BREAKER_OPENS
        tx.execute(
            update(BUDGETS)
            .where(
                BUDGETS.c.account_id == account_id,
                BUDGETS.c.connection.in_(connections),
                BUDGETS.c.lane == EVERYTHING,
                BUDGETS.c.failures > 0,
            )
            .values(failures=0, blocked_until=case((was_open, None), else_=BUDGETS.c.blocked_until))
        )

    def _charge(self, row: Any, purses: Mapping[Place, _Purse], now: datetime) -> bool:
        spent: list[_Purse] = []
        for place in self._places(row):
            if not purses[place].spend(now):
                for purse in spent:
                    purse.give_back()
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

    def _purse(self, tx: Transaction, place: Place, now: datetime) -> _Purse:
        return self._purses(tx, {place}, now)[place]

    def _purses(self, tx: Transaction, places: set[Place], now: datetime) -> dict[Place, _Purse]:
        """Lock the budgets at `places`, always in the same order; one that was never used is full."""
        if not places:
            return {}
        columns = (BUDGETS.c.account_id, BUDGETS.c.connection, BUDGETS.c.lane)
        rows = tx.execute(
            select(BUDGETS).where(tuple_(*columns).in_(places)).order_by(*columns).with_for_update()
        )
        known = {(row.account_id, row.connection, row.lane): row for row in rows}
        return {place: _purse_from(known.get(place), place, self._limit(place), now) for place in places}

    def _limit(self, place: Place) -> Limit | None:
        account_id, connection, lane = place
        limits = self._limits_of(account_id, connection)
        return limits.get(lane) or (limits.get(PER_LANE) if lane != EVERYTHING else None)


def _purse_from(row: Any, place: Place, limit: Limit | None, now: datetime) -> _Purse:
    return _Purse(
        lane=place[2],
        window_began_at=row.window_began_at if row else now,
        used=row.used if row else 0,
        calls=row.calls if row else None,
        failures=row.failures if row else 0,
        blocked_until=row.blocked_until if row else None,
        is_new=row is None,
        limit=limit,
    )


def _save(tx: Transaction, account_id: str, connection: str, purse: _Purse) -> None:
    values = {
        "window_began_at": purse.window_began_at,
        "used": purse.used,
        "calls": purse.calls,
        "failures": purse.failures,
        "blocked_until": purse.blocked_until,
    }
    if purse.is_new:
        place = {"account_id": account_id, "connection": connection, "lane": purse.lane}
        tx.execute(insert(BUDGETS).values(**place, **values))
        purse.is_new = False
    else:
        tx.execute(update(BUDGETS).where(*_place(account_id, connection, purse.lane)).values(**values))


def _place(account_id: str, connection: str, lane: str) -> tuple[Any, ...]:
    return (BUDGETS.c.account_id == account_id, BUDGETS.c.connection == connection, BUDGETS.c.lane == lane)
