"""A disk without room: nothing is told as kept that is not on it, and all goes on by itself when there is room."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dying
from fleet import wait_for
from sqlalchemy import event, text
from store_trouble import (
    PATIENCE_SECONDS,
    add,
    kept,
)

from bridge.store import Database

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
    database.close()


def limit_pages(database, *, more):
    with database.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one() + more
    event.listen(database.engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA max_page_count={pages}"))
