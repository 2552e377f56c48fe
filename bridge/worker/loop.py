"""The loop that pays what we owe: claim what may be sent, hand it to threads, sleep until there is more."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.delivery.job import Job
from bridge.delivery.ledger import Room
from bridge.store import Database, StoreUnavailable
from bridge.worker.payer import Payer

log = structlog.get_logger()

THREADS: Final = 24
#: one account in a storm may hold so many threads, never all
THREADS_PER_ACCOUNT: Final = 16
#: and one slow vendor so many of them
THREADS_PER_CONNECTION: Final = 8
#: the safety net under wake-ups that got lost
LONGEST_SLEEP: Final = timedelta(seconds=1)
STORE_AWAY_SECONDS: Final = 1.0
#: a process that is told to stop finishes the calls it has begun within this
STOP_SECONDS: Final = 20.0
NO_WAIT: Final = timedelta(0)


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
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Claim no more, finish what has begun, give back the rest."""
        self._stopping.set()
        self._database.wakeups.wake({"deliveries"})
        self._thread.join(STOP_SECONDS)
        self._pool.shutdown(wait=True)  # what waits in it is given back by `_pay`

    def _run(self) -> None:
        seen = -1
        while not self._stopping.is_set():
            try:
                busy = self._claim_and_hand_out()
                wait = NO_WAIT if busy else self._time_until_next()
            except StoreUnavailable as error:
                log.error("store_unavailable", error=str(error))
                self._stopping.wait(STORE_AWAY_SECONDS)
                continue
            except Exception:
                log.exception("claiming_broke")
                self._stopping.wait(STORE_AWAY_SECONDS)
                continue
            if wait > NO_WAIT:
                seen = self._database.wakeups.wait("deliveries", seen, wait.total_seconds())

    def _claim_and_hand_out(self) -> bool:
        """Return whether anything was claimed, so that more may follow at once."""
        with self._lock:
            free = THREADS - self._busy.total()
            room = Room(
                most=free,
                most_each=THREADS_PER_CONNECTION,
                most_of_account=THREADS_PER_ACCOUNT,
                busy=dict(self._busy),
                connections=self._connections,
            )
        if free <= 0:
            return False
        jobs = self._database.transact(lambda tx: ledger.claim(tx, self._clock(), room, self._budgets))
        with self._lock:
            self._busy.update((job.account_id, job.connection) for job in jobs)
        for job in jobs:
            self._pool.submit(self._pay, job)
        return bool(jobs)

    def _pay(self, job: Job) -> None:
        try:
            if self._stopping.is_set():
                self._database.transact(lambda tx: ledger.release(tx, [job]))
                return
            self._payer.pay(job)
        except StoreUnavailable as error:
            # The lease runs out by itself, and whoever takes the delivery then looks first.
            log.error("settling_failed", delivery=job.delivery_id, error=str(error))
        except Exception:
            log.exception("settling_broke", delivery=job.delivery_id)
        finally:
            with self._lock:
                self._busy[job.account_id, job.connection] -= 1
            self._database.wakeups.wake({"deliveries"})

    def _time_until_next(self) -> timedelta:
        now = self._clock()
        with self._database.read() as connection:
            moment = ledger.next_moment(connection, now)
        return min(max(moment - now, timedelta(milliseconds=1)), LONGEST_SLEEP) if moment else LONGEST_SLEEP
