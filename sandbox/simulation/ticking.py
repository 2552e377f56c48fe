"""Looks at the clocks when one runs out, as `bridge.worker.ticker` does, in virtual time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from bridge.app import Bridge
from bridge.handoffs import clocks
from bridge.store import StoreUnavailable
from bridge.worker.ticker import MOST_AT_ONCE, TICK_SECONDS
from sandbox.simulation.store import SimulatedDatabase
from sandbox.simulation.timetable import Timetable
from sandbox.simulation.workforce import Workforce

LATEST_WAKE_SECONDS: Final = 0.005  #: of a scheduler, after the moment it was asked for


class Ticking:
    def __init__(
        self,
        bridge: Bridge,
        database: SimulatedDatabase,
        timetable: Timetable,
        workforce: Workforce,
        chance: random.Random,
    ) -> None:
        self._bridge = bridge
        self._database = database
        self._timetable = timetable
        self._workforce = workforce
        self._chance = chance
        self._planned_for: datetime | None = None

    def plan_if_woken(self) -> None:
        if self._database.woken.take("clocks"):
            self._plan()

    def _plan(self) -> None:
        with self._database.read() as connection:
            first = next(iter(clocks.upcoming(connection, 1)), None)
        if first is None or first.due_at == self._planned_for:
            return
        self._planned_for = first.due_at
        soon = max(first.due_at, self._timetable.now) + timedelta(
            seconds=self._chance.uniform(0, LATEST_WAKE_SECONDS)
        )
        self._timetable.at(soon, self._look)

    def _look(self) -> None:
        self._planned_for = None
        if not self._workforce.is_up:
            return  # the first to come back plans anew
        try:
            while self._fire_some():
                pass
        except StoreUnavailable:
            self._timetable.after(TICK_SECONDS, self._look)
            return
        self._plan()

    def _fire_some(self) -> bool:
        with self._database.read() as connection:
            due = clocks.due(connection, self._timetable.now, MOST_AT_ONCE)
        for clock in due:
            self._fire(clock)
        return bool(due)

    def _fire(self, clock: clocks.DueClock) -> None:
        now, accounts = self._timetable.now, self._bridge.accounts
        self._database.transact(
            lambda tx: clocks.fire(tx, accounts.of(tx.connection, clock.account_id), clock, now)
        )
