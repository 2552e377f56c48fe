"""When to look at the clocks: at the next due moment, and once a second in case that was missed.

The scheduler only says when to look. What is due is in the rows, so a lost tick costs a second
at most, and any number of workers may look at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bridge.accounts import Accounts
from bridge.handoffs import clocks
from bridge.store import Database, StoreUnavailable, Transaction

log = structlog.get_logger()

TICK_SECONDS: Final = 1
MOST_AT_ONCE: Final = 200
NEXT_DUE: Final = "next_due"


class Ticker:
    def __init__(self, *, database: Database, accounts: Accounts, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._accounts = accounts
        self._clock = clock
        self._looking = threading.Lock()
        self._trouble = False  #: a clock could not be fired at the last look
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._ear = threading.Thread(target=self._listen, name="clock-ear", daemon=True)

    def every(self, seconds: int, job: Callable[[], None]) -> None:
        """Run `job` each `seconds` in this worker."""
        self._scheduler.add_job(job, "interval", seconds=seconds)

    def start(self) -> None:
        self._scheduler.add_job(self.look, "interval", seconds=TICK_SECONDS)
        self._scheduler.start()
        self._ear.start()

    def stop(self) -> None:
        self._stopping.set()
        self._database.wakeups.wake({"clocks"})
        self._scheduler.shutdown(wait=True)

    def look(self) -> None:
        """Fire what is due, then plan the next look for the moment the next clock runs out."""
        with self._looking:
            self._trouble = False
            try:
                while self._fire_some() == MOST_AT_ONCE:
                    pass
                self._plan()
            except StoreUnavailable as error:
                log.error("store_unavailable", error=str(error))

    def _fire_some(self) -> int:
        with self._database.read() as connection:
            due = clocks.due(connection, self._clock(), MOST_AT_ONCE)
        return sum(self._fire(clock) for clock in due)

    def _fire(self, clock: clocks.DueClock) -> bool:
        def work(tx: Transaction) -> bool:
            return clocks.fire(tx, self._accounts.of(tx.connection, clock.account_id), clock, self._clock())

        try:
            fired = self._database.transact(work)
        except StoreUnavailable:
            raise
        except Exception:
            self._trouble = True
            log.exception("rung_broke", handoff=clock.handoff_id, rung=clock.rung)
            return False
        if fired:
            log.info("rung_fired", handoff=clock.handoff_id, rung=clock.rung)
        return fired

    def _plan(self) -> None:
        with self._database.read() as connection:
            moment = clocks.next_due(connection)
        if moment is None or self._stopping.is_set() or self._trouble:
            return  # the tick will look
        soon = max(moment, self._clock())
        self._scheduler.add_job(self.look, "date", run_date=soon, id=NEXT_DUE, replace_existing=True)

    def _listen(self) -> None:
        seen = -1
        while not self._stopping.is_set():
            seen = self._database.wakeups.wait("clocks", seen, 60.0)
            if not self._stopping.is_set():
                try:
                    self._plan()
                except StoreUnavailable as error:
                    log.error("store_unavailable", error=str(error))
