"""How fast a backlog is paid: keyed deliveries to a vendor that takes 20 ms, by one, two and four workers.

    python bench/drain.py --workers 1 4

Each handoff owes six deliveries, three through each of two connections, and those of one connection in their order.
The vendors note when each call began and ended, and the bench looks afterwards whether the order was kept. Four
workers need more than two cores to be four times as fast: so it also measures them with a vendor so slow that the
processors have time, which shows the coordination alone.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from filling import change, copy_handoff, hand_over, pay_everything, settle_statistics
from measuring import Report, arguments, this_machine
from sqlalchemy import func, select
from stores import Store, postgres_store, sqlite_store
from vendors import CHAT, TakenCall
from worker import bench_bridge, cpu_seconds, read_calls, worker_processes

from bridge.app import Bridge
from bridge.handoffs import lifecycle
from bridge.handoffs.change import Change
from bridge.store import tables

DELIVERIES: Final = tables.deliveries
OWED: Final = (DELIVERIES.c.state.in_(("owed", "unknown")), DELIVERIES.c.kind != "read_changes")
VENDOR_SECONDS: Final = 0.02
SLOW_VENDOR_SECONDS: Final = 0.4
HANDOFFS: Final = 4000
#: the first deliveries warm up the statements and the threads
WARM_UP_SECONDS: Final = 2.0
MEASURED_SECONDS: Final = 10.0
EACH: Final = 3
ONE_WORKER: Final = 700.0
FOUR_TO_ONE: Final = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Drained:
    """`worker_ms` and `server_ms` are processor time for each delivery."""

    rate: float
    worker_ms: float
    server_ms: float
    cores: float
    out_of_order: int


def drain(store: Store, workers: int, vendor_seconds: float) -> Drained:
    """Make a backlog in `store`, and measure how fast so many workers pay it."""
    with bench_bridge(store.url) as bridge, TemporaryDirectory() as calls:
        _make_backlog(bridge)
        with worker_processes(
            store.url, workers, vendor_seconds=vendor_seconds, calls=Path(calls)
        ) as started:
            pids = [worker.pid for worker in started]
            time.sleep(WARM_UP_SECONDS)
            left, began, used = _left(bridge), time.perf_counter(), _used(pids, store)
            time.sleep(MEASURED_SECONDS)
            after, ended, used_after = _left(bridge), time.perf_counter(), _used(pids, store)
        if not after:
            raise SystemExit("the backlog was paid before the measurement ended: make HANDOFFS greater")
        out_of_order = _out_of_order(bridge, read_calls(Path(calls)))
    paid, took = left - after, ended - began
    worker, server = (late - early for early, late in zip(used, used_after, strict=True))
    return Drained(
        rate=paid / took,
        worker_ms=1000 * worker / paid,
        server_ms=1000 * server / paid,
        cores=(worker + server) / took,
        out_of_order=out_of_order,
    )


def _make_backlog(bridge: Bridge) -> None:
    template = hand_over(bridge)
    pay_everything(bridge)
    change(bridge, template, _owe)
    copy_handoff(bridge, template, HANDOFFS - 1, seconds_apart=-0.01)
    settle_statistics(bridge)


def _owe(opened: Change) -> None:
    for number in range(EACH):
        note = {"text": f"Still waiting ({number}).", "tag": ["asha"]}
        opened.owe("thread_note", CHAT, payload=note, lane="C0EVENING")
        lifecycle.change_ticket(opened, priority="urgent")


def _left(bridge: Bridge) -> int:
    with bridge.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(DELIVERIES).where(*OWED)).scalar_one())


def _out_of_order(bridge: Bridge, calls: Sequence[TakenCall]) -> int:
    """Count the calls that began before one in front of them, of the same handoff, had ended.

    In the backlog what comes first was paid before it was copied; after that, what was not called has not ended.
    """
    columns = (DELIVERIES.c.delivery_id, DELIVERIES.c.handoff_id, DELIVERIES.c.connection)
    with bridge.database.read() as connection:
        order = connection.execute(select(*columns).order_by(DELIVERIES.c.number)).all()
    taken = {call.delivery_id: call for call in calls}
    if len(taken) < len(calls):
        raise SystemExit("a delivery was sent twice")
    last_ended: dict[tuple[str, str], float] = {}
    count = 0
    for row in order:
        call, lane = taken.get(row.delivery_id), (row.handoff_id, row.connection)
        if call is not None:
            count += call.began < last_ended.get(lane, 0.0)
            last_ended[lane] = max(call.ended, last_ended.get(lane, 0.0))
        elif lane in last_ended:
            last_ended[lane] = math.inf
    return count


def _used(pids: Sequence[int], store: Store) -> tuple[float, float]:
    return cpu_seconds(pids), cpu_seconds([store.server_pid]) if store.server_pid else 0.0


def _median(rounds: Sequence[Drained]) -> Drained:
    def middle(name: str) -> Any:
        return statistics.median(getattr(one, name) for one in rounds)

    return Drained(
        rate=middle("rate"),
        worker_ms=middle("worker_ms"),
        server_ms=middle("server_ms"),
        cores=middle("cores"),
        out_of_order=max(one.out_of_order for one in rounds),
    )


def _measure(report: Report, kind: Any, workers: int, seconds: float, rounds: int, **limit: float) -> float:
    found = []
    for _ in range(rounds):
        with kind() as store:
            report.machine = this_machine(store.room, postgres=store.version or report.machine.postgres)
            found.append(drain(store, workers, seconds))
            name = (
                f"{store.kind}, {workers} worker{'s' if workers > 1 else ''}, vendor {seconds * 1000:.0f} ms"
            )
    middle = _median(found)
    report.add(f"{name}: paid", middle.rate, "/s", **limit)
    report.add(f"{name}: worker processor time each", middle.worker_ms, "ms")
    if middle.server_ms:
        report.add(f"{name}: server processor time each", middle.server_ms, "ms")
    report.add(f"{name}: cores in use", middle.cores)
    report.add(f"{name}: out of order", middle.out_of_order, at_most=0)
    return middle.rate


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    given = parser.parse_args()
    report = Report(title="How fast a backlog is paid", machine=this_machine())
    rates = {}
    for workers in given.workers:
        limit = {"at_least": ONE_WORKER} if workers == 1 else {}
        rates[workers] = _measure(report, postgres_store, workers, VENDOR_SECONDS, given.rounds, **limit)
    if {1, 4} <= rates.keys():
        report.add("4 workers ÷ 1, vendor 20 ms", rates[4] / rates[1], at_least=FOUR_TO_ONE)
        slow = {
            workers: _measure(report, postgres_store, workers, SLOW_VENDOR_SECONDS, given.rounds)
            for workers in (1, 4)
        }
        report.add("4 workers ÷ 1, vendor 400 ms", slow[4] / slow[1], at_least=FOUR_TO_ONE)
    if 1 in rates:
        _measure(report, sqlite_store, 1, VENDOR_SECONDS, given.rounds)
    return report.finish(as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
