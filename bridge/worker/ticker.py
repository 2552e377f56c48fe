"""When to look at the clocks: at the next due moment, and once a second in case that was missed.

The scheduler only says when to look. What is due is in the rows, so a lost tick costs a second
at most, and any number of workers may look at once. The tick does not use the scheduler: that goes
by this machine's clock, and would stand still for an hour when the clock is put back by one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bridge.accounts import Accounts
from bridge.handoffs import clocks
from bridge.store import Database, StoreUnavailable, Transaction
from bridge.store.clock import wall_clock

log = structlog.get_logger()

TICK_SECONDS: Final = 1
MOST_AT_ONCE: Final = 200
STOP_SECONDS: Final = 5.0
NEXT_DUE: Final = "next_due"


class Ticker:
    def __init__(self, *, database: Database, accounts: Accounts, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._accounts = accounts
        self._clock = clock
        self._looking = threading.Lock()
        self._broken: set[clocks.DueClock] = set()  #: could not be fired at the last look
        self.looked_at: datetime | None = None  #: when the last look came to its end; None before the first
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._ear = threading.Thread(target=self._listen, name="clock-ear", daemon=True)

    def every(self, seconds: int, job: Callable[[], None]) -> None:
        """Run `job` each `seconds` in this worker."""
        self._scheduler.add_job(_kept_going, "interval", [job], seconds=seconds)

    def start(self) -> None:
        self._scheduler.start()
        self._ear.start()

    def look_no_more(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        self.look_no_more()
        self._database.wakeups.wake({"clocks"})
        with self._looking:
            pass  # a look still plans the next one, for which it needs the lock that shutdown waits with
        self._scheduler.shutdown(wait=True)
        self._ear.join(STOP_SECONDS)

    def look(self) -> None:
        """Fire what is due, then plan the next look for the moment the next clock runs out."""
        with self._looking:
            if not self._stopping.is_set():
                _kept_going(self._fire_and_plan)

    def _fire_and_plan(self) -> None:
        self._broken.clear()
        while self._fire_some() and not self._stopping.is_set():
            pass
        self.looked_at = self._clock()
        self._plan()

    def _fire_some(self) -> bool:
        """Return whether there may be more; a clock that broke is not tried again at this look."""
        most = MOST_AT_ONCE + len(self._broken)
        with self._database.read() as connection:
            due = clocks.due(connection, self._clock(), most)
        for clock in due:
            if clock not in self._broken:
                self._fire(clock)
        return len(due) == most

    def _fire(self, clock: clocks.DueClock) -> None:
        def work(tx: Transaction) -> bool:
            return clocks.fire(tx, self._accounts.of(tx.connection, clock.account_id), clock, self._clock())

        try:
            fired = self._database.transact(work)
        except StoreUnavailable:
            raise
        except Exception:
            self._broken.add(clock)
            log.exception("rung_broke", handoff=clock.handoff_id, rung=clock.rung)
            return
        if fired:
            log.info("rung_fired", handoff=clock.handoff_id, rung=clock.rung)

    def _plan(self) -> None:
        # What broke is tried again by the tick, not at once and for ever.
        after = self._clock() if self._broken else None
        with self._database.read() as connection:
            moment = clocks.next_due(connection, after)
        if moment is None or self._stopping.is_set():
            return
        # The scheduler goes by this machine's clock, we go by the store's: what they share is how long it is.
        soon = wall_clock() + max(moment - self._clock(), timedelta(0))
        # Two, since it is planned anew from within the look that is just ending.
        self._scheduler.add_job(
            self.look, "date", run_date=soon, id=NEXT_DUE, replace_existing=True, max_instances=2
        )

    def _listen(self) -> None:
        """Tick, plan anew when a clock was armed, and see that no jump of this machine's clock stops us."""
        seen, looked_at, ahead = -1, time.monotonic(), _ahead()
        while not self._stopping.is_set():
            seen = self._database.wakeups.wait("clocks", seen, TICK_SECONDS)
            if self._stopping.is_set():
                return
            if time.monotonic() - looked_at >= TICK_SECONDS:
                self.look()
                looked_at = time.monotonic()
            else:
                _kept_going(self._plan)
            if _ahead() < ahead - TICK_SECONDS:
                self._catch_up()
            ahead = _ahead()

    def _catch_up(self) -> None:
        """This machine's clock went back, and the scheduler would wait until it is as late as it was."""
        for job in self._scheduler.get_jobs():
            if job.id != NEXT_DUE:
                job.modify(next_run_time=wall_clock())


def _ahead() -> float:
    """Return by how many seconds this machine's clock is ahead of one that never jumps."""
    return time.time() - time.monotonic()


def _kept_going(job: Callable[[], None]) -> None:
    """Do a job that will be done again; what breaks it is told in the log, and the next round comes all the same."""
    try:
        job()
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))
    except Exception:
        log.exception("tick_broke")
