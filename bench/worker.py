"""A worker as `handoff worker` runs it, only that its vendors are slow stand-ins; also its own process.

python bench/worker.py STORE_URL --vendor-ms 20 --calls FOLDER --only clocks
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from typing import Final

from vendors import TakenCall, slow_vendors, taken_by

from bridge.accounts import Accounts
from bridge.app import Bridge, prepare
from bridge.commands.serve import CLOCKS, DELIVERIES, worker_for
from bridge.security.vault import Vault
from bridge.settings import read_settings
from bridge.store import Database
from bridge.store.clock import wall_clock
from bridge.watching import set_up_logging
from connectors.registry import CHATS, HELPDESKS

#: of these stores alone, which are gone when the bench ends
SECRET_KEY: Final = "d29ya2VyLW9mLWEtdGhyb3ctYXdheS1iZW5jaC1rZXk="
DESK: Final = Path(str(resources.files("bridge.desk") / "example.yaml"))
TICKS: Final = os.sysconf("SC_CLK_TCK")
READY_SECONDS: Final = 30.0


@contextmanager
def bench_bridge(url: str, *, vendor_seconds: float = 0.0) -> Iterator[Bridge]:
    """Give a bridge on the store at `url`, made ready with the example desk."""
    connectors = slow_vendors(vendor_seconds)
    settings = read_settings(
        {"HANDOFF_DATABASE_URL": url, "HANDOFF_DESK": str(DESK), "HANDOFF_SECRET_KEYS": SECRET_KEY}
    )
    set_up_logging(settings, quiet=True)
    bridge = Bridge(
        settings=settings,
        database=Database(url),
        accounts=Accounts(
            Vault(list(settings.secret_keys)),
            helpdesk_vendors=frozenset(HELPDESKS),
            chat_vendors=frozenset(CHATS),
            helpdesks=tuple(connectors.helpdesks),
            chats=tuple(connectors.chats),
        ),
        connectors=connectors,
        clock=wall_clock,
    )
    try:
        prepare(bridge)
        yield bridge
    finally:
        bridge.close()


@contextmanager
def worker_processes(
    url: str,
    count: int,
    *,
    vendor_seconds: float,
    calls: Path | None = None,
    clocks_apart: bool = False,
) -> Iterator[list[subprocess.Popen[str]]]:
    """Give so many workers, each a process of its own, ready to work; stopped afterwards.

    Each then leaves in the folder `calls` what its vendors took; None when nobody asks. With `clocks_apart`
    they pay deliveries only, and one process more has the clocks.
    """
    command = [sys.executable, __file__, url, "--vendor-ms", str(vendor_seconds * 1000)]
    if calls:
        command += ["--calls", str(calls)]
    commands = [[*command, *(["--only", DELIVERIES] if clocks_apart else [])]] * count
    if clocks_apart:
        commands.append([*command, "--only", CLOCKS])
    with ExitStack() as stack:
        started = [stack.enter_context(_process(command)) for command in commands]
        for worker in started:
            assert worker.stdout is not None
            if worker.stdout.readline().strip() != "ready":
                raise SystemExit("a worker did not start; see its log above")
        yield started


def read_calls(folder: Path) -> list[TakenCall]:
    """Return what the workers left in `folder`."""
    return [TakenCall(*call) for each in folder.iterdir() for call in json.loads(each.read_text())]


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the processor time these processes and all their children have used so far."""
    return sum(_used(pid) for pid in _with_children(pids))


@contextmanager
def _process(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    # Its log goes where an operator would keep it, and is paid for: to a file.
    with open(os.devnull, "w") as log:  # noqa: PTH123
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(READY_SECONDS)


def _with_children(pids: Sequence[int]) -> list[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(stat.parent.name)] = int(fields[1])
    family = list(pids)
    for pid in family:
        family.extend(child for child, parent in parents.items() if parent == pid)
    return family


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    own_and_reaped = sum(int(field) for field in fields[11:15])
    return own_and_reaped / TICKS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--vendor-ms", type=float, default=20.0)
    parser.add_argument("--calls", type=Path)
    parser.add_argument("--only", choices=(CLOCKS, DELIVERIES))
    given = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    with bench_bridge(given.url, vendor_seconds=given.vendor_ms / 1000) as bridge:
        set_up_logging(bridge.settings)
        worker = worker_for(bridge, given.only)
        worker.start()
        print("ready", flush=True)
        stop.wait()
        worker.stop()
        if given.calls:
            (given.calls / f"{os.getpid()}.json").write_text(json.dumps(taken_by(bridge.connectors)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
