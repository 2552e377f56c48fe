"""When to look at the clocks: at the next due moment, and once a second in case that was missed.

What is due is in the rows, so a look that is lost costs a second at most, and any number of
workers may look at once. The looks do not wait for the scheduler, which has the chores: it goes by
this machine's clock, and would stand still for an hour when the clock is put back by one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bridge.accounts import Accounts
from bridge.handoffs import clocks
from bridge.handoffs.clocks import DueClock, Fired
from bridge.store import Database, StoreUnavailable, Transaction
from bridge.store.clock import wall_clock

log = structlog.get_logger()

#: the safety net under wake-ups that got lost
TICK_SECONDS: Final = 1.0
#: fired in one transaction; more would make the first of them wait for the last
MOST_AT_ONCE: Final = 50
#: a clock whose handoff was being changed is looked at again after this
BUSY_SECONDS: Final = 0.01
#: clocks that are armed one upon the other are looked at together, this long after the first
GATHERED_SECONDS: Final = 0.02
STOP_SECONDS: Final = 5.0


class Ticker:
    """Fires clocks as they run out; with `leaving`, those that nobody has fired so long after they ran out."""

    def __init__(
        self,
        *,
        database: Database,
        accounts: Accounts,
        clock: Callable[[], datetime],
        leaving: timedelta = timedelta(0),
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._clock = clock
        self._leaving = leaving
        self._broken: set[DueClock] = set()  #: could not be fired at the last look
        self._busy: set[DueClock] = set()  #: their handoffs were being changed at the last look
        self._next: datetime | None = None  #: when the next is due; None while the last look has not told
        self.looked_at: datetime | None = None  #: when the last look came to its end; None before the first
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clocks", daemon=True)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def every(self, seconds: float, job: Callable[[], None]) -> None:
        """Run `job` each `seconds` in this worker."""
        self._scheduler.add_job(_kept_going, "interval", [job], seconds=seconds)

    def start(self) -> None:
        self._scheduler.start()
        self._thread.start()

    def look_no_more(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        self.look_no_more()
        self._database.wakeups.wake({"clocks"})
        self._thread.join(STOP_SECONDS)
        self._scheduler.shutdown(wait=True)

    def look(self) -> None:
        """Fire what is due. What is broken or busy is not tried again at this look."""
        self._broken.clear()
        self._busy.clear()
        self._next = None
        while not self._stopping.is_set() and self._next is None:
            due = self._take_note()
            for account_id in {clock.account_id: None for clock in due}:
                self._fire([clock for clock in due if clock.account_id == account_id])
        self.looked_at = self._clock()

    def seconds_until_next(self) -> float:
        """Return for how long nothing is due by the last look, a tick at most. What broke is left to the tick.

        What was armed since then wakes whoever waits.
        """
        if self._busy:
            return BUSY_SECONDS
        if self._next is None:
            return TICK_SECONDS
        return min(max((self._next - self._clock()).total_seconds(), 0.0), TICK_SECONDS)

    def _run(self) -> None:
        seen, ahead = -1, _ahead()
        while not self._stopping.is_set():
            try:
                self.look()
                wait = self.seconds_until_next()
            except StoreUnavailable as error:
                log.error("store_unavailable", error=str(error))
                self._stopping.wait(TICK_SECONDS)
                continue
            except Exception:
                log.exception("tick_broke")
                self._stopping.wait(TICK_SECONDS)
                continue
            if _ahead() < ahead - TICK_SECONDS:
                self._catch_up()
            ahead = _ahead()
            before = seen
            seen = self._database.wakeups.wait("clocks", seen, wait)
            if seen != before:
                self._stopping.wait(min(GATHERED_SECONDS, wait))

    def _take_note(self) -> Sequence[DueClock]:
        """Return what is due, and note when the next will be, unless more is due than was read."""
        left = self._broken | self._busy
        most = MOST_AT_ONCE + len(left)
        with self._database.read() as connection:
            until = self._clock() - self._leaving
            upcoming = clocks.upcoming(connection, most)
        due = [clock for clock in upcoming if clock.due_at <= until and clock not in left]
        later = next((clock.due_at for clock in upcoming if clock.due_at > until), None)
        if later or len(upcoming) < most:
            self._next = later + self._leaving if later else datetime.max.replace(tzinfo=UTC)
        return due

    def _fire(self, due: Sequence[DueClock]) -> None:
        """Fire clocks of one account together; when that breaks, each alone, to find out whose fault it is."""
        account_id = due[0].account_id

        def work(tx: Transaction) -> Fired:
            return clocks.fire_together(tx, self._accounts.of(tx.connection, account_id), due, self._clock())

        try:
            found = self._database.transact(work)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one that breaks holds up nobody else
            broke = error
        else:
            self._busy.update(found.busy)
            for clock in found.fired:
                log.info("rung_fired", handoff=clock.handoff_id, rung=clock.rung)
            return
        self._fire_apart(due, broke)

    def _fire_apart(self, due: Sequence[DueClock], broke: Exception) -> None:
        if len(due) > 1:
            for clock in due:
                self._fire([clock])
            return
        self._broken.update(due)
        log.error("rung_broke", handoff=due[0].handoff_id, rung=due[0].rung, exc_info=broke)

    def _catch_up(self) -> None:
        """This machine's clock went back, and the scheduler would wait until it is as late as it was."""
        for job in self._scheduler.get_jobs():
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
