"""The bridge's worker processes in virtual time: calls in flight, deaths, stalls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.delivery.job import Job
from bridge.store import StoreUnavailable
from bridge.worker.loop import STORE_AWAY_SECONDS, THREADS
from bridge.worker.payer import Payer
from bridge.worker.settling import Tried
from sandbox.simulation.store import SimulatedDatabase
from sandbox.simulation.timetable import Timetable
from sandbox.simulation.weather import Weather
from sandbox.simulation.wire import Wire

#: share of claimed deliveries whose process dies before the call, or after it and before writing that down
DIES_BEFORE: Final = 0.0004
DIES_AFTER: Final = 0.0004
#: share of those whose process stands still for longer than a lease, and then goes on
STALLS: Final = 0.0004
STALL_SECONDS: Final = 45.0
RESTART_SECONDS: Final = 4.0
OWN_WORK_SECONDS: Final = 0.004  #: of a worker for one delivery, beside the calls


@dataclass(eq=False, kw_only=True, slots=True)
class Process:
    """One worker. `lives` counts its deaths: what an earlier life began comes to nothing."""

    lives: int = 0
    is_up: bool = True
    busy: Counter[tuple[str, str]] = field(default_factory=Counter)


class Workforce:
    """Claims and pays as `bridge.worker.loop` does, with a call's end at a later moment than its beginning."""

    def __init__(
        self,
        *,
        database: SimulatedDatabase,
        payer: Payer,
        budgets: Budgets,
        connections: Collection[str],
        timetable: Timetable,
        wire: Wire,
        weather: Weather,
        processes: int,
    ) -> None:
        self._database = database
        self._payer = payer
        self._budgets = budgets
        self._connections = connections
        self._timetable = timetable
        self._wire = wire
        self._weather = weather
        self._processes = [Process() for _ in range(processes)]
        self._planned_for: object = None
        self.deaths = 0
        self.stalls = 0

    @property
    def is_up(self) -> bool:
        return any(process.is_up for process in self._processes)

    def look_if_woken(self) -> None:
        if self._database.woken.take("deliveries"):
            self.look()

    def look(self) -> None:
        """Claim and begin what may be sent now, then plan the next look."""
        try:
            for process in self._processes:
                if process.is_up and not self._fill(process):
                    break
            self._plan()
        except StoreUnavailable:
            self._timetable.after(STORE_AWAY_SECONDS, self.look)

    def _fill(self, process: Process) -> bool:
        """Give the process all it can take; return whether that filled it, so that another may have more."""
        now, more = self._timetable.now, True
        while more and process.is_up and (room := self._room(process)).most:
            claimed = self._claim(now, room)
            for job in claimed.jobs:
                self._begin(process, job)
            more = claimed.more
        return not process.is_up or bool(self._room(process).full())

    def _claim(self, now: datetime, room: ledger.Room) -> ledger.Claimed:
        return self._database.transact(lambda tx: ledger.claim_some(tx, now, room, self._budgets))

    def _room(self, process: Process) -> ledger.Room:
        return ledger.Room(threads=THREADS, busy=dict(+process.busy), connections=self._connections)

    def _plan(self) -> None:
        with self._database.read() as connection:
            moment = ledger.next_moment(connection, self._timetable.now)
        if moment is not None and moment != self._planned_for:
            self._planned_for = moment
            self._timetable.at(moment, lambda: self._look_as_planned(moment))

    def _look_as_planned(self, moment: object) -> None:
        if moment == self._planned_for:
            self._planned_for = None
            self.look()

    def _begin(self, process: Process, job: Job) -> None:
        if not process.is_up or self._weather.happens(DIES_BEFORE):
            self._die(process)
            return
        process.busy[job.account_id, job.connection] += 1
        try:
            tried = self._payer.attempt(job)
        except StoreUnavailable:
            tried = None
        life, seconds = process.lives, OWN_WORK_SECONDS + self._wire.seconds_taken()
        if self._weather.happens(STALLS):
            self.stalls += 1
            seconds += STALL_SECONDS
        self._timetable.after(seconds, lambda: self._end(process, life, job, tried))

    def _end(self, process: Process, life: int, job: Job, tried: Tried | None) -> None:
        if process.lives != life:
            return
        if self._weather.happens(DIES_AFTER):
            self._die(process)
            return
        process.busy[job.account_id, job.connection] -= 1
        try:
            if tried is not None:
                self._payer.write_down(job, tried)
        except StoreUnavailable:
            pass  # the lease runs out by itself, and whoever takes the delivery then looks first
        self._database.wakeups.wake({"deliveries"})

    def _die(self, process: Process) -> None:
        """All it had begun is lost with it; what was claimed keeps its lease."""
        if not process.is_up:
            return
        self.deaths += 1
        process.lives, process.is_up = process.lives + 1, False
        process.busy.clear()
        self._timetable.after(RESTART_SECONDS, lambda: self._start(process))

    def _start(self, process: Process) -> None:
        process.is_up = True
        self._database.wakeups.wake({"deliveries", "clocks"})
