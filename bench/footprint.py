"""What `handoff run` takes: from start to ready, memory idle and at 100,000 open handoffs, calls to the helpdesk.

    python bench/footprint.py

It runs as an operator starts it, on SQLite, against the sandbox's Zendesk and Slack over real HTTP.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import requests
from filling import copy_handoff, hand_over, pay_everything, settle_statistics
from measuring import Report, arguments, this_machine
from sqlalchemy import update
from stores import Store, sqlite_store
from worker import DESK, SECRET_KEY, bench_bridge, cpu_seconds

from bridge.store import tables
from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.example import example_handoff

LISTENING: Final = "Listening at "
READY_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 65.0
OPEN_HANDOFFS: Final = 100_000
#: the reconciler asks every helpdesk what has changed; that is no call for one handoff
POLLS: Final = ("/api/v2/incremental/",)
QUIET_SECONDS: Final = 4.0

CALLS_FOR_A_NEW_ONE: Final = 1
CALLS_FOR_A_REPEATED_ONE: Final = 1
IDLE_PERCENT: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """`handoff run` that is ready; it took `ready_seconds`."""

    url: str
    pid: int
    ready_seconds: float

    @property
    def memory_mb(self) -> float:
        """Return its resident memory now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


@contextmanager
def handoff_run(environment: Mapping[str, str]) -> Iterator[Running]:
    """Run `handoff run` on a free port, and give it once it is ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge.cli", "run", "--port", "0"],
        env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix(LISTENING)
        _until(lambda: _is_ready(url))
        yield Running(url=url, pid=process.pid, ready_seconds=time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(READY_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=1).status_code == 200
    except requests.RequestException:
        return False


def _until(done: Callable[[], Any]) -> None:
    end = time.monotonic() + READY_SECONDS
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"not seen after {READY_SECONDS:.0f} s")
        time.sleep(0.01)


def _environment(store: Store, sandbox: Sandbox) -> dict[str, str]:
    return {
        **sandbox.environment(),
        "HANDOFF_DATABASE_URL": store.url,
        "HANDOFF_SECRET_KEYS": SECRET_KEY,
        "HANDOFF_DESK": str(DESK),
    }


def _make_key(environment: Mapping[str, str]) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "bridge.cli", "keys", "create", "--name", "bench", "--json"],
        env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return str(json.loads(made.stdout)["key"])


def _idle_percent(running: Running) -> float:
    before = cpu_seconds([running.pid])
    time.sleep(IDLE_SECONDS)
    return 100 * (cpu_seconds([running.pid]) - before) / IDLE_SECONDS


def _calls_for(sandbox: Sandbox, running: Running, key: str, body: Mapping[str, Any]) -> tuple[int, int]:
    """Hand over and wait until nothing more is said to the helpdesk; return its calls, and those that change it."""
    seen = max((entry.number for entry in sandbox.journal.entries()), default=0)
    answer = requests.post(
        f"{running.url}/v1/handoffs",
        json=body,
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": uuid.uuid4().hex},
        timeout=10,
    )
    answer.raise_for_status()
    time.sleep(QUIET_SECONDS)
    calls = [
        entry
        for entry in sandbox.journal.entries(seen)
        if entry.vendor == "zendesk" and entry.method != "WEBHOOK" and not entry.path.startswith(POLLS)
    ]
    return len(calls), sum(entry.method != "GET" for entry in calls)


def _measure_small(report: Report, rounds: int) -> None:
    with sqlite_store() as store, Sandbox(ports=ANY_PORTS, vendors=("zendesk", "slack")) as sandbox:
        environment = _environment(store, sandbox)
        started = []
        for _ in range(rounds):
            with handoff_run(environment) as running:
                started.append(running.ready_seconds)
        report.add("start to ready", statistics.median(started), "s")
        key = _make_key(environment)
        with handoff_run(environment) as running:
            sandbox.connect(running.url)
            report.add("idle: processor", _idle_percent(running), "% of a core", at_most=IDLE_PERCENT)
            report.add("idle: memory", running.memory_mb, "MB")
            _measure_calls(report, sandbox, running, key)


def _measure_calls(report: Report, sandbox: Sandbox, running: Running, key: str) -> None:
    # The first of a process also looks up who we are and which groups there are.
    _calls_for(sandbox, running, key, example_handoff(datetime.now(UTC), 1))
    body = example_handoff(datetime.now(UTC), 2)
    for name, again, limit in (
        ("a new handoff", {}, CALLS_FOR_A_NEW_ONE),
        ("the same one again", {"fields": {"refund_to": "card"}}, CALLS_FOR_A_REPEATED_ONE),
    ):
        calls, changing = _calls_for(sandbox, running, key, {**body, **again})
        report.add(f"calls to Zendesk for {name}", calls, at_most=limit)
        report.add(f"calls to Zendesk for {name}: that change it", changing)


def _measure_full(report: Report) -> None:
    with sqlite_store() as store, Sandbox(ports=ANY_PORTS, vendors=("zendesk", "slack")) as sandbox:
        _fill(store)
        with handoff_run(_environment(store, sandbox)) as running:
            report.add(f"start to ready, {OPEN_HANDOFFS:,} open", running.ready_seconds, "s")
            percent = _idle_percent(running)
            report.add(f"{OPEN_HANDOFFS:,} open: processor", percent, "% of a core", at_most=IDLE_PERCENT)
            report.add(f"{OPEN_HANDOFFS:,} open: memory", running.memory_mb, "MB")


def _fill(store: Store) -> None:
    with bench_bridge(store.url) as bridge:
        template = hand_over(bridge)
        pay_everything(bridge)
        far = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1)
        bridge.database.transact(lambda tx: tx.execute(update(tables.clocks).values(due_at=far)))
        copy_handoff(bridge, template, OPEN_HANDOFFS - 1, seconds_apart=-0.01)
        settle_statistics(bridge)


def main() -> int:
    given = arguments(__doc__).parse_args()
    report = Report(title="What `handoff run` takes", machine=this_machine())
    _measure_small(report, given.rounds)
    _measure_full(report)
    return report.finish(as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
