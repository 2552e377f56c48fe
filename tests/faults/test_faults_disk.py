"""A disk without room: nothing is told as kept that is not on it, and all goes on by itself when there is room."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dying
import pytest
from fleet import Process, answers_ready, free_port, wait_for
from killed_shop import killed_shop
from small_disk import CannotMount, limit_files_of, small_disk
from sqlalchemy import event, text
from store_trouble import (
    PATIENCE_SECONDS,
    add,
    assert_accepted_in_the_end,
    assert_each_has_one_ticket,
    assert_not_ready,
    assert_refused,
    kept,
    metrics,
    refuse_handoffs,
    running,
)

from bridge.store import Database, migrate

#: the lease of deliveries that could not be settled while there was no room
SHORT = (str(Path(dying.__file__)), "never", "3.0")
DISK_BYTES = 8 << 20
#: more than the first few handoffs need, less than fifty do
FILE_BYTES = 200_000


def test_fault_11_what_a_full_disk_undid_is_never_told_as_kept(sqlite_url):
    """The disk fills up within a commit that many share: whoever is told "kept" finds it on disk."""
    database, begun, go_on = Database(sqlite_url), threading.Event(), threading.Event()
    limit_pages(database, more=3)

    def hold(_tx):
        begun.set()
        go_on.wait(PATIENCE_SECONDS)

    with ThreadPoolExecutor(30) as callers:
        callers.submit(database.transact, hold)
        begun.wait(PATIENCE_SECONDS)
        asked = {f"a{n}": 40_000 if n == 7 else 100 for n in range(20)}
        told = {
            name: callers.submit(database.transact, lambda tx, name=name, size=size: add(tx, name, size))
            for name, size in asked.items()
        }
        wait_for(lambda: database._writer._asked.qsize() == len(told), PATIENCE_SECONDS, every=0.01)
        go_on.set()
    assert {name for name, future in told.items() if not future.exception()} == kept(database)
    assert kept(database) == asked.keys() - {"a7"}
    assert str(told["a7"].exception()) == "SQLITE_FULL"
    database.close()


def limit_pages(database, *, more):
    with database.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one() + more
    event.listen(database.engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA max_page_count={pages}"))


@contextmanager
def disk_mounted(folder):
    """Give a small disk, how to fill it up and how to make room; real, so it takes the right to mount."""
    try:
        with small_disk(folder / "disk", DISK_BYTES) as disk:
            yield disk.folder, lambda _pid: disk.fill(), lambda _pid: disk.clear()
    except CannotMount as error:
        pytest.skip(f"{error}; the same test with limited files stands in for it")


@contextmanager
def files_limited(folder):
    """Give in place of a small disk a limit on what the process may write into any of its files."""
    yield folder, lambda pid: limit_files_of(pid, FILE_BYTES), limit_files_of


@pytest.mark.parametrize("disk", [disk_mounted, files_limited])
def test_fault_11_a_full_disk_costs_503s_until_there_is_room_and_no_restart(disk, tmp_path):
    """The disk is full: 503 with Retry-After, one line in the log and not a flood, and all goes on with room."""
    with disk(tmp_path) as (folder, fill, make_room):
        url, port = f"sqlite:///{folder / 'handoff.db'}", free_port()
        migrate(url)
        with (
            killed_shop(url, tmp_path) as shop,
            Process(["run", "--port", str(port)], shop.environment, tmp_path / "run.log", SHORT) as process,
        ):
            wait_for(lambda: answers_ready(port), PATIENCE_SECONDS)
            assert shop.post(port, 1).status_code == 202
            fill(process.pid)
            refused = next(number for number in range(2, 100) if shop.post(port, number).status_code == 503)
            for number in range(refused, refused + 30):
                assert_refused(shop.post(port, number))
            assert_not_ready(port, "kept nothing")
            make_room(process.pid)
            assert_accepted_in_the_end(shop, port, refused)
            assert_each_has_one_ticket(shop)
            assert process.ended() is None
            assert len(lines_of(process, "store_unavailable")) < 10


def lines_of(process, name):
    events = [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]
    return [event for event in events if event["event"] == name]


@pytest.mark.postgres
def test_fault_11_a_server_whose_disk_is_full_is_told_as_unavailable(postgres_url, tmp_path):
    """PostgreSQL's disk is full: 503 with Retry-After, and the reason in its own word where operators look."""
    with running(postgres_url, tmp_path, work=False) as (shop, port):
        refuse_handoffs(shop.bridge.database, "53100")
        assert_refused(shop.post(port))
        assert_not_ready(port, "DiskFull")
        assert 'handoff_store_refusals_total{reason="DiskFull"} 1.0' in metrics(port)
