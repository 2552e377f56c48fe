"""The loop that pays what we owe: claim what may be sent, hand it to threads, sleep until there is more.

One thread claims, many make the calls, one writes down how they went. While it writes, further calls
end; it takes them together the next time. So the busier a worker is, the less each delivery costs.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.delivery.job import Job
from bridge.delivery.ledger import Room
from bridge.delivery.workbench import Workbench
from bridge.store import Database, StoreUnavailable
from bridge.worker.payer import Payer
from bridge.worker.settling import Tried

log = structlog.get_logger()

#: most deliveries in hand at once, half of them through one connection; a thread waits for its vendor
THREADS: Final = 64
#: more would make the first of them wait too long for its settlement
MOST_TOGETHER: Final = 64
#: the safety net under wake-ups that got lost
LONGEST_SLEEP: Final = timedelta(seconds=1)
STORE_AWAY_SECONDS: Final = 1.0
#: after a look in vain; among busy workers each commit of another would bring one more
REST_SECONDS: Final = 0.01
#: a process that is told to stop finishes the calls it has begun within this
STOP_SECONDS: Final = 20.0
NO_WAIT: Final = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a look for deliveries came to."""

    in_vain: bool  #: there was room, and nothing to claim
    sleep: timedelta  #: unless woken there is no more before


class DeliveryLoop:
    """`connections` are those this process can reach; what is owed to others is left to other processes."""

    def __init__(
        self,
        *,
        database: Database,
        payer: Payer,
        budgets: Budgets,
        connections: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._payer = payer
        self._budgets = budgets
        self._connections = connections
        self._clock = clock
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="delivery")
        self._busy: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._tried: queue.SimpleQueue[tuple[Job, Tried | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)
        self._settler = threading.Thread(target=self._settle_all, name="settlements", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._settler.start()

    def claim_no_more(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """Claim no more, finish what has begun, give back the rest."""
        self.claim_no_more()
        self._database.wakeups.wake({"deliveries"})
        self._thread.join(STOP_SECONDS)
        self._pool.shutdown(wait=True)  # what waits in it comes back untried
        self._tried.put(None)
        self._settler.join(STOP_SECONDS)

    def _run(self) -> None:
        seen = -1
        while not self._stopping.is_set():
            try:
                look = self._claim_and_hand_out()
            except StoreUnavailable as error:
                log.error("store_unavailable", error=str(error))
                self._stopping.wait(STORE_AWAY_SECONDS)
                continue
            except Exception:
                log.exception("claiming_broke")
                self._stopping.wait(STORE_AWAY_SECONDS)
                continue
            if look.in_vain:
                self._stopping.wait(REST_SECONDS)
            if look.sleep > NO_WAIT:
                seen = self._database.wakeups.wait("deliveries", seen, look.sleep.total_seconds())

    def _claim_and_hand_out(self) -> Look:
        with self._lock:
            room = Room(threads=THREADS, busy=dict(+self._busy), connections=self._connections)
        if not room.most:
            return Look(in_vain=False, sleep=LONGEST_SLEEP)  # whatever is settled makes room, and wakes us
        claimed = self._database.transact(
            lambda tx: ledger.claim_some(tx, self._clock(), room, self._budgets)
        )
        with self._lock:
            self._busy.update((job.account_id, job.connection) for job in claimed.jobs)
        if claimed.jobs:
            for job, bench in zip(claimed.jobs, self._benches(claimed.jobs), strict=True):
                self._pool.submit(self._attempt, job, bench)
        return Look(in_vain=not claimed.jobs, sleep=NO_WAIT if claimed.more else self._time_until_next())

    def _benches(self, jobs: Sequence[Job]) -> Sequence[Workbench | None]:
        try:
            return self._payer.benches(jobs)
        except StoreUnavailable:
            return [None for _ in jobs]  # each finds out by itself, and is settled or let go

    def _attempt(self, job: Job, bench: Workbench | None) -> None:
        tried = None
        try:
            if not self._stopping.is_set():
                tried = self._payer.attempt(job, bench)
                self._tried.put((job, tried))
        except StoreUnavailable as error:
            log.error("store_unavailable", error=str(error))
        finally:
            if tried is None:
                self._tried.put((job, None))  # not begun

    def _settle_all(self) -> None:
        while (first := self._tried.get()) is not None:
            gathered = [first]
            while len(gathered) < MOST_TOGETHER and not self._tried.empty():
                following = self._tried.get()
                if following is None:
                    self._tried.put(None)  # keep the wish to stop for after these
                    break
                gathered.append(following)
            self._settle(gathered)

    def _settle(self, gathered: Sequence[tuple[Job, Tried | None]]) -> None:
        tried = [(job, how) for job, how in gathered if how is not None]
        untried = [job for job, how in gathered if how is None]
        try:
            if tried:
                self._payer.write_down_together(tried)
            if untried:
                self._database.transact(lambda tx: ledger.release(tx, untried))
        except StoreUnavailable as error:
            # The leases run out by themselves, and whoever takes the deliveries then looks first.
            log.error("settling_failed", deliveries=len(gathered), error=str(error))
        except Exception:
            log.exception("settling_broke", deliveries=len(gathered))
        finally:
            with self._lock:
                self._busy.subtract((job.account_id, job.connection) for job, _ in gathered)
            self._database.wakeups.wake({"deliveries"})

    def _time_until_next(self) -> timedelta:
        now = self._clock()
        with self._database.read() as connection:
            moment = ledger.next_moment(connection, now)
        return min(max(moment - now, timedelta(milliseconds=1)), LONGEST_SLEEP) if moment else LONGEST_SLEEP
