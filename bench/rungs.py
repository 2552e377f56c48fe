"""How late rungs fire: 2,000 fall due within 20 seconds among few or many open clocks, on one or three workers.

    python bench/rungs.py --store postgresql --clocks 1000 100000 --workers 1 --clocks-apart

On PostgreSQL a rung counts as fired when its transaction is committed, by the server's own record; on SQLite when
the bridge began to fire it. The same workers meanwhile pay what the rungs owe, to vendors that take 20 ms.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from filling import copy_handoff, hand_over, pay_everything, settle_statistics
from measuring import Report, arguments, median_of, medians, percentile, this_machine
from sqlalchemy import bindparam, func, select, text, update
from stores import Store, postgres_store, sqlite_store
from worker import bench_bridge, cpu_seconds, worker_processes

from bridge.app import Bridge
from bridge.store import tables
from bridge.store.clock import wall_clock
from bridge.worker.ticker import Ticker

CLOCKS: Final = tables.clocks
DELIVERIES: Final = tables.deliveries
RUNGS: Final = 2000
WITHIN_SECONDS: Final = 20.0
#: between setting the due moments and the first of them
AHEAD: Final = timedelta(seconds=4)
PATIENCE_SECONDS: Final = 180.0
VENDOR_SECONDS: Final = 0.02
#: clocks of one handoff: its promise and four rungs
CLOCKS_EACH: Final = 5
LOOKS: Final = 200
SETTLED_DOWN_SECONDS: Final = 3.0
#: long enough for everything a worker does once a minute
IDLE_SECONDS: Final = 65.0
FAR: Final = timedelta(days=1)
COMMITTED: Final = {
    "PostgreSQL": "SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - due_at) * 1000,"
    " extract(epoch FROM settled_at - due_at) * 1000 FROM clocks WHERE state = 'fired'",
    "SQLite": "SELECT (julianday(settled_at) - julianday(due_at)) * 86400000,"
    " (julianday(settled_at) - julianday(due_at)) * 86400000 FROM clocks WHERE state = 'fired'",
}
#: what julianday() rounds away
ROUNDING_MS: Final = 0.1

LATE_P99_MS: Final = 50.0
TICK_RATIO: Final = 1.5
IDLE_PERCENT: Final = 1.0
IDLE_AMONG: Final = 100_000


class Among:
    """A store with so many open clocks, and 2,000 handoffs more whose first rung is made to fall due."""

    def __init__(self, store: Store, bridge: Bridge, clocks: int) -> None:
        self.store = store
        self._bridge = bridge
        self.name = f"{store.kind}, {clocks:,} clocks"
        template = hand_over(bridge)
        pay_everything(bridge)
        self._put_off_all()
        copy_handoff(bridge, template, clocks // CLOCKS_EACH, seconds_apart=0.001)
        self._first_due = clocks // CLOCKS_EACH + 1
        copy_handoff(bridge, template, RUNGS, seconds_apart=0.001, first=self._first_due)
        settle_statistics(bridge)
        self._due = self._handoffs()

    def look_ms(self) -> float:
        """Return what it costs to look at the clocks when none is due, in milliseconds."""
        ticker = Ticker(database=self._bridge.database, accounts=self._bridge.accounts, clock=wall_clock)
        took = []
        for _ in range(LOOKS):
            began = time.perf_counter()
            ticker.look()
            ticker.seconds_until_next()
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took)

    def idle_percent(self) -> tuple[float, float]:
        """Return how much of a core a worker with nothing to do takes, and what the server takes for it."""
        with worker_processes(self.store.url, 1, vendor_seconds=VENDOR_SECONDS) as workers:
            time.sleep(SETTLED_DOWN_SECONDS)
            pids = [worker.pid for worker in workers]
            before = cpu_seconds(pids), self._server_seconds()
            time.sleep(IDLE_SECONDS)
            after = cpu_seconds(pids), self._server_seconds()
        worker, server = (
            100 * (late - early) / IDLE_SECONDS for early, late in zip(before, after, strict=True)
        )
        return worker, server

    def lateness(self, workers: int, *, clocks_apart: bool) -> Sequence[float]:
        """Let 2,000 rungs fall due; return their p50, p99 and greatest lateness and the earliest, in ms."""
        with worker_processes(
            self.store.url, workers, vendor_seconds=VENDOR_SECONDS, clocks_apart=clocks_apart
        ):
            self._let_fall_due()
            self._wait_until(lambda: self._count(CLOCKS, CLOCKS.c.state == "fired") >= RUNGS)
            late = self._read(COMMITTED[self.store.kind])
            self._wait_until(
                lambda: (
                    not self._count(
                        DELIVERIES, DELIVERIES.c.state.in_(("owed", "unknown")), DELIVERIES.c.handoff_id != ""
                    )
                )
            )
        self._put_off_all()
        committed = [float(row[0]) for row in late]
        earliest = min(float(row[1]) for row in late)
        return (percentile(committed, 0.5), percentile(committed, 0.99), max(committed), earliest)

    def _let_fall_due(self) -> None:
        first, chance = wall_clock() + AHEAD, random.Random(7)
        moments = [
            {"its_id": handoff_id, "due": first + timedelta(seconds=chance.uniform(0, WITHIN_SECONDS))}
            for handoff_id in self._due
        ]
        statement = (
            update(CLOCKS)
            .where(
                CLOCKS.c.account_id == "main", CLOCKS.c.handoff_id == bindparam("its_id"), CLOCKS.c.rung == 1
            )
            .values(due_at=bindparam("due"))
        )

        def work(tx: Any) -> None:
            tx.execute(statement, moments)
            tx.wake("clocks")

        self._bridge.database.transact(work)

    def _put_off_all(self) -> None:
        armed_again = {"state": "armed", "due_at": wall_clock() + FAR, "settled_at": None, "late_ms": None}
        soon = CLOCKS.c.due_at < wall_clock() + FAR / 2
        self._bridge.database.transact(
            lambda tx: tx.execute(update(CLOCKS).where(soon).values(**armed_again))
        )

    def _handoffs(self) -> list[str]:
        table = tables.handoffs
        newest = select(table.c.handoff_id).order_by(table.c.handoff_id.desc()).limit(RUNGS)
        with self._bridge.database.read() as connection:
            return list(connection.execute(newest).scalars())

    def _wait_until(self, done: Any) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if time.monotonic() > end:
                raise SystemExit(f"{self.name}: not done after {PATIENCE_SECONDS:.0f} s")
            time.sleep(0.5)

    def _count(self, table: Any, *where: Any) -> int:
        with self._bridge.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    def _read(self, statement: str) -> Sequence[Any]:
        with self._bridge.database.read() as connection:
            return connection.execute(text(statement)).all()

    def _server_seconds(self) -> float:
        return cpu_seconds([self.store.server_pid]) if self.store.server_pid else 0.0


def measure(
    report: Report, store: Store, clocks: int, workers: Sequence[int], rounds: int, *, clocks_apart: bool
) -> float:
    """Add the figures of one store; return the cost of a look in milliseconds."""
    with bench_bridge(store.url) as bridge:
        among = Among(store, bridge, clocks)
        look_ms = median_of(rounds, among.look_ms)
        report.add(f"{among.name}: a look at nothing due", look_ms, "ms")
        if clocks == IDLE_AMONG:
            worker, server = among.idle_percent()
            report.add(f"{among.name}: an idle worker", worker, "% of a core", at_most=IDLE_PERCENT)
            if store.server_pid:
                report.add(f"{among.name}: the server for it", server, "% of a core")
        for count in workers:
            p50, p99, most, earliest = medians(
                [among.lateness(count, clocks_apart=clocks_apart) for _ in range(rounds)]
            )
            name = f"{among.name}, {count} worker{'s' if count > 1 else ''}"
            if clocks_apart:
                name += " and one for the clocks"
            report.add(f"{name}: late p50", p50, "ms")
            report.add(f"{name}: late p99", p99, "ms", at_most=LATE_P99_MS)
            report.add(f"{name}: late at most", most, "ms")
            report.add(f"{name}: the earliest", earliest, "ms", at_least=-ROUNDING_MS)
    return look_ms


def main() -> int:
    parser = arguments(__doc__)
    parser.set_defaults(rounds=1)
    parser.add_argument("--clocks", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 3])
    parser.add_argument(
        "--store", choices=("postgresql", "sqlite"), nargs="+", default=["postgresql", "sqlite"]
    )
    parser.add_argument("--clocks-apart", action="store_true", help="give the clocks a process of their own")
    given = parser.parse_args()
    report = Report(title="How late rungs fire", machine=this_machine())
    for kind in given.store:
        looks: dict[int, float] = {}
        for clocks in given.clocks:
            with postgres_store() if kind == "postgresql" else sqlite_store() as store:
                report.machine = this_machine(store.room, postgres=store.version or report.machine.postgres)
                workers = given.workers if store.version else [1]
                looks[clocks] = measure(
                    report, store, clocks, workers, given.rounds, clocks_apart=given.clocks_apart
                )
        if {1_000, IDLE_AMONG} <= looks.keys():
            ratio = looks[IDLE_AMONG] / looks[1_000]
            report.add(f"{kind}: a look, 100,000 ÷ 1,000 clocks", ratio, at_most=TICK_RATIO)
    return report.finish(as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
