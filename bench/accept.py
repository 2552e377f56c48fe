"""Durable accepts a second over HTTP, against what the bare driver can do with the same rows.

    python bench/accept.py --store both --webs 1 --clients 8

Both sides write the same rows into the same tables of the same store: what one accepted handoff leaves behind, with
its idempotency key (inbox, handoff, timeline, deliveries, clocks). Both commit to the disk before they count it:
PostgreSQL with fsync and synchronous_commit on, SQLite in WAL mode with synchronous=FULL. They take turns, a few
seconds each, so that what else the machine does falls on both.

The bridge: `handoff web` processes, reached by so many clients over keep-alive connections, each with the next
handoff as soon as the last is answered. It reads and checks the JSON, looks up the key and the conversation, decides
on route, people and clocks, and answers 202 after the commit. The clients are a process of their own (bench/load.py)
on the same cores, and their work counts against the bridge.

The bare driver: as many threads in as many processes, each with a connection of its own and one transaction for each
handoff (bench/bare.py). No HTTP, no reading, no deciding, and no clients beside it.

PostgreSQL counts its rows after the warm-up, as it does of its own within a store's first minute. Before that it takes
every table for a small one, and reads an account whole where an index would lead it to one row.

At half load the same clients send half of the measured rate at even distances, and each wait counts from when its
request was due. What was accepted is counted again in the store.

Where other programs want the processors too, rates say as much of them as of the bridge. So the processor time of
one handoff is told as well, all of it: the web processes, the clients and the database server on one side, the
driver's program and the server on the other.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import bare
from load import CONVERSATION, Answers, Order, hand_over
from measuring import Report, arguments, percentile, this_machine
from processes import Process, deployment
from sqlalchemy import func, select
from stores import Store, count_rows, postgres_store, sqlite_store
from worker import cpu_seconds

from bridge.store import Database, tables
from sandbox.example import example_handoff

SHARE: Final = 0.80  #: of the bare driver's rate
HALF_LOAD_P99_MS: Final = 50.0
WARM_UP_SECONDS: Final = 2.0
STORES: Final[dict[str, Callable[[], AbstractContextManager[Store]]]] = {
    "postgresql": postgres_store,
    "sqlite": sqlite_store,
}


@dataclass(kw_only=True, slots=True)
class Found:
    """What the rounds on one store brought."""

    accepts: list[float] = field(default_factory=list)
    driver: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    half_p50_ms: list[float] = field(default_factory=list)
    half_p99_ms: list[float] = field(default_factory=list)
    accept_cpu_ms: list[float] = field(default_factory=list)
    driver_cpu_ms: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Return the median of the rounds' shares: each round compares what was measured side by side."""
        return statistics.median(a / b for a, b in zip(self.accepts, self.driver, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    store: Store
    webs: list[Process]
    key: str
    clients: int
    seconds: float

    def load(self, name: str, *, seconds: float, rate: float = 0.0) -> Answers:
        """Send handoffs; raises SystemExit when one is refused, or accepted and not in the store."""
        body: dict[str, Any] = {**example_handoff(datetime.now(UTC), 1), "conversation_id": CONVERSATION}
        order = Order(
            ports=[web.port for web in self.webs],
            key=self.key,
            body=body,
            first=name,
            clients=self.clients,
            seconds=seconds,
            rate=rate,
        )
        answers = hand_over(order)
        if answers.refused or (kept := _kept(self.store, name)) != answers.accepted:
            raise SystemExit(f"{name}: accepted {answers.accepted}, kept {kept}, refused {answers.refused}")
        return answers

    def round(self, number: int, found: Found) -> None:
        self._full_load(number, found)
        self._driver(number, found)
        half = self.load(f"half-{number}", seconds=self.seconds, rate=found.accepts[-1] / 2)
        found.half_p50_ms.append(percentile(half.waits_ms, 0.5))
        found.half_p99_ms.append(percentile(half.waits_ms, 0.99))

    def _full_load(self, number: int, found: Found) -> None:
        busy = self._busy(*(web.pid for web in self.webs))
        full = self.load(f"full-{number}", seconds=self.seconds)
        used = self._busy(*(web.pid for web in self.webs)) - busy + full.cpu_seconds
        found.accept_cpu_ms.append(used / full.accepted * 1000)
        found.accepts.append(full.per_second)
        found.p50_ms.append(percentile(full.waits_ms, 0.5))
        found.p99_ms.append(percentile(full.waits_ms, 0.99))

    def _driver(self, number: int, found: Found) -> None:
        order = bare.Order(
            url=self.store.url, threads=self.clients, seconds=self.seconds, first=f"bare-{number}"
        )
        busy = self._busy()
        written = bare.write_again(order, processes=len(self.webs))
        used = self._busy() - busy + sum(part.cpu_seconds for part in written)
        found.driver_cpu_ms.append(used / sum(part.handoffs for part in written) * 1000)
        found.driver.append(sum(part.handoffs / part.seconds for part in written))

    def _busy(self, *pids: int) -> float:
        """Return the processor time that these processes and the store's server have used so far."""
        server = (self.store.server_pid,) if self.store.server_pid else ()
        return cpu_seconds((*pids, *server))


@contextmanager
def opened(store: Store, *, webs: int, clients: int, seconds: float, code: Path | None) -> Iterator[Bench]:
    """Give a bench whose web processes have accepted handoffs already."""
    here = deployment(store.url, store.room, code=code)
    with here.running(*["web"] * webs) as webs_running:
        bench = Bench(store=store, webs=webs_running, key=here.make_key(), clients=clients, seconds=seconds)
        bench.load("warm-up", seconds=WARM_UP_SECONDS)
        count_rows(store)
        yield bench


def _kept(store: Store, name: str) -> int:
    handoffs = tables.handoffs
    database = Database(store.url)
    with database.read() as connection:
        beginning = handoffs.c.conversation_id.startswith(f"{name}-")
        kept: int = connection.execute(select(func.count()).where(beginning)).scalar_one()
    database.close()
    return kept


def _tell(report: Report, on: str, found: Found) -> None:
    report.add(f"{on}: accepts a second", statistics.median(found.accepts))
    report.add(f"{on}: bare driver, handoffs a second", statistics.median(found.driver))
    report.add(f"{on}: accepts as a share of the bare driver", found.share, at_least=SHARE)
    report.add(f"{on}: processor time of an accept", statistics.median(found.accept_cpu_ms), "ms")
    report.add(f"{on}: processor time of the bare driver", statistics.median(found.driver_cpu_ms), "ms")
    report.add(f"{on}: p50 at full load", statistics.median(found.p50_ms), "ms")
    report.add(f"{on}: p99 at full load", statistics.median(found.p99_ms), "ms")
    report.add(f"{on}: p50 at half load", statistics.median(found.half_p50_ms), "ms")
    half = statistics.median(found.half_p99_ms)
    report.add(f"{on}: p99 at half load", half, "ms", at_most=HALF_LOAD_P99_MS)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--store", choices=[*STORES, "both"], default="both")
    parser.add_argument("--webs", type=int, nargs="+", default=[1, 2], help="web processes (1, then 2)")
    parser.add_argument("--clients", type=int, default=8, help="clients, and threads of the driver (8)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each part of a round (4)")
    parser.add_argument("--code", type=Path, help="measure the bridge of another checkout")
    given = parser.parse_args()
    report = Report(title="Durable accepts over HTTP", machine=this_machine())
    for name in STORES if given.store == "both" else [given.store]:
        for webs in given.webs:
            with STORES[name]() as store:
                report.machine = this_machine(store.room, postgres=store.version or report.machine.postgres)
                found = Found()
                with opened(
                    store, webs=webs, clients=given.clients, seconds=given.seconds, code=given.code
                ) as bench:
                    for number in range(given.rounds):
                        bench.round(number, found)
                _tell(report, f"{store.kind}, {webs} web", found)
    return report.finish(as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
