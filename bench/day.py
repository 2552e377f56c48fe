"""What one handoff costs in stores that hold a day of 1,000, 100,000 or 1,000,000, and whether a purge slows intake.

    python bench/day.py --handoffs 1000 100000 --store postgresql

The day before is filled in: one handoff is led through its whole life by the bridge (accepted, ticket, card, claim,
answer, resolved), and its rows are copied by bulk SQL, so that tables and indexes have their real shape and size.
Then a few hundred are led through the same life one by one, and each is charged with its processor time, its
statements and, from the fill, its bytes on the disk.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from filling import Till, change, copy_handoff, hand_over, settle_statistics
from measuring import Report, arguments, medians, percentile, this_machine
from sqlalchemy import event, text
from stores import Store, postgres_store, sqlite_store
from worker import bench_bridge, cpu_seconds

from bridge.app import Bridge
from bridge.handoffs import lifecycle
from bridge.handoffs.change import Change
from bridge.store.clock import wall_clock
from bridge.worker.retention import purge

LIVES: Final = 40
DAY_SECONDS: Final = 86_400
#: handoffs that arrive while the purge runs, one upon the other
ARRIVALS: Final = 150
PURGED_DAYS: Final = 60

COST_RATIO: Final = 1.5
SLOWED_RATIO: Final = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Of one handoff, from its acceptance to its end."""

    wall_ms: float
    bridge_ms: float
    server_ms: float
    statements: float


class Day:
    """A store that holds a day of handoffs already."""

    def __init__(self, store: Store, bridge: Bridge, handoffs: int) -> None:
        self._store = store
        self._bridge = bridge
        self._till = Till(bridge)
        self._lives = 0
        self.name = f"{store.kind}, {handoffs:,} a day"
        empty = self._bytes()
        template = self.live()
        copy_handoff(bridge, template, handoffs - 1, seconds_apart=-DAY_SECONDS / handoffs)
        settle_statistics(bridge)
        self.bytes_each = (self._bytes() - empty) / handoffs

    def live(self) -> str:
        """Lead one handoff through its whole life; return its id."""
        self._lives += 1
        handoff_id = hand_over(self._bridge, f"day-{self._lives}-{time.monotonic_ns()}")
        self._till.pay_everything()
        for step in (_claim, _answer, _resolve):
            change(self._bridge, handoff_id, step)
            self._till.pay_everything()
        return handoff_id

    def cost(self) -> Sequence[float]:
        """Return the cost of one more handoff: milliseconds in all, the bridge's, the server's; statements."""
        counted = _Statements(self._bridge)
        began, own, server = time.perf_counter(), time.process_time(), self._server_seconds()
        for _ in range(LIVES):
            self.live()
        took, used = time.perf_counter() - began, time.process_time() - own
        each = 1000 / LIVES
        return (
            took * each,
            used * each,
            (self._server_seconds() - server) * each,
            counted.stop() / LIVES,
        )

    def arrival_ms(self) -> list[float]:
        """Return how long each of some acceptances took."""
        took = []
        for number in range(ARRIVALS):
            began = time.perf_counter()
            hand_over(self._bridge, f"arrival-{number}-{time.monotonic_ns()}")
            took.append((time.perf_counter() - began) * 1000)
        return took

    def arrival_ms_while_purged(self) -> tuple[list[float], int]:
        """The same while old handoffs are purged; return also how many were purged meanwhile."""
        before, purged = wall_clock() - timedelta(days=PURGED_DAYS), [0]
        stopped = threading.Event()

        def go_on() -> None:
            while not stopped.is_set():
                found = purge(self._bridge.database, before, most_seconds=0.5).handoffs
                purged[0] += found
                if not found:
                    return

        thread = threading.Thread(target=go_on)
        thread.start()
        took = self.arrival_ms()
        stopped.set()
        thread.join()
        return took, purged[0]

    def grow_old(self) -> None:
        """Let everything that is closed have been closed long ago."""
        aged = {
            "postgresql": "closed_at - interval '90 days'",
            "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', closed_at, '-90 days')",
        }[self._bridge.database.engine.dialect.name]
        with self._bridge.database.engine.execution_options(writing=True).begin() as connection:
            connection.execute(text(f"UPDATE handoffs SET closed_at = {aged} WHERE closed_at IS NOT NULL"))
        settle_statistics(self._bridge)

    def _bytes(self) -> int:
        if not self._store.version:
            return sum(path.stat().st_size for path in self._store.room.glob("handoff.db*"))
        with self._bridge.database.read() as connection:
            found = connection.execute(text("SELECT pg_database_size(current_database())"))
            return int(found.scalar_one())

    def _server_seconds(self) -> float:
        return cpu_seconds([self._store.server_pid]) if self._store.server_pid else 0.0


class _Statements:
    """Counts the statements that go to the store."""

    def __init__(self, bridge: Bridge) -> None:
        self._engine = bridge.database.engine
        self._count = 0
        event.listen(self._engine, "before_cursor_execute", self._one)

    def stop(self) -> int:
        event.remove(self._engine, "before_cursor_execute", self._one)
        return self._count

    def _one(self, *_: Any) -> None:
        self._count += 1


def _claim(opened: Change) -> None:
    person = opened.account.desk.people["asha"]
    lifecycle.claim(opened, person, opened.now)


def _answer(opened: Change) -> None:
    said = "Hello Priya, I am looking into it now and will ring the carrier."
    lifecycle.answered(opened, by="Asha Rao", at=opened.now, text=said, message_id="1")


def _resolve(opened: Change) -> None:
    lifecycle.resolved(opened, actor="helpdesk")


def measure(report: Report, store: Store, handoffs: int, rounds: int) -> Cost:
    with bench_bridge(store.url) as bridge:
        day = Day(store, bridge, handoffs)
        day.live()
        cost = Cost(**dict(zip(Cost.__slots__, medians([day.cost() for _ in range(rounds)]), strict=True)))
        report.add(f"{day.name}: one handoff takes", cost.wall_ms, "ms")
        report.add(f"{day.name}: its processor time in the bridge", cost.bridge_ms, "ms")
        if store.server_pid:
            report.add(f"{day.name}: in the server", cost.server_ms, "ms")
        report.add(f"{day.name}: its statements", cost.statements)
        report.add(f"{day.name}: on the disk", day.bytes_each / 1024, "kB")
        alone = day.arrival_ms()
        day.grow_old()
        beside, purged = day.arrival_ms_while_purged()
        ratio = statistics.median(beside) / statistics.median(alone)
        report.add(f"{day.name}: accepted, p50", statistics.median(alone), "ms")
        report.add(f"{day.name}: accepted, p99", percentile(alone, 0.99), "ms")
        report.add(f"{day.name}: accepted beside a purge, p99", percentile(beside, 0.99), "ms")
        report.add(f"{day.name}: purged meanwhile", purged)
        report.add(f"{day.name}: p50 beside a purge ÷ without", ratio, at_most=SLOWED_RATIO)
    return cost


def main() -> int:
    parser = arguments(__doc__)
    parser.set_defaults(rounds=1)
    parser.add_argument("--handoffs", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument(
        "--store", choices=("postgresql", "sqlite"), nargs="+", default=["postgresql", "sqlite"]
    )
    given = parser.parse_args()
    report = Report(title="What a handoff costs", machine=this_machine())
    for kind in given.store:
        costs = {}
        for handoffs in given.handoffs:
            with postgres_store() if kind == "postgresql" else sqlite_store() as store:
                report.machine = this_machine(store.room, postgres=store.version or report.machine.postgres)
                costs[handoffs] = measure(report, store, handoffs, given.rounds)
        least, most = costs[min(costs)], costs[max(costs)]
        if len(costs) > 1:
            ratio = (most.bridge_ms + most.server_ms) / (least.bridge_ms + least.server_ms)
            name = f"{kind}: processor time each, {max(costs):,} ÷ {min(costs):,} a day"
            report.add(name, ratio, at_most=COST_RATIO)
    return report.finish(as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
