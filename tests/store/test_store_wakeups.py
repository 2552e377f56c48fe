"""Who waits is woken by its own topic, and on SQLite by other processes, however busy its own is."""

from __future__ import annotations

import threading
import time

from sqlalchemy import text

from bridge.store import Database, wakeups
from bridge.store.wakeups import SQLITE_LOOK_SECONDS


def test_who_waits_for_one_topic_sleeps_through_another(sqlite_url):
    database = Database(sqlite_url)
    database.wakeups.wait("clocks", -1, 0)
    time.sleep(10 * SQLITE_LOOK_SECONDS)  # the first look at the file wakes everybody
    seen = database.wakeups.wait("clocks", -1, 0)
    threading.Timer(0.05, lambda: database.wakeups.wake({"deliveries"})).start()
    assert database.wakeups.wait("clocks", seen, 0.3) == seen
    database.close()


def test_another_processs_commit_is_noticed_while_ours_commits_without_end(sqlite_url):
    ours, theirs = Database(sqlite_url), Database(sqlite_url)
    stopped = threading.Event()
    commits = threading.Thread(target=lambda: commit_until(ours, stopped))
    ours.wakeups.wait("deliveries", -1, 0)
    commits.start()
    time.sleep(10 * SQLITE_LOOK_SECONDS)
    seen = ours.wakeups.wait("deliveries", -1, 0)
    theirs.transact(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = version_num")))
    woken = ours.wakeups.wait("deliveries", seen, 5.0)
    stopped.set()
    commits.join()
    assert woken != seen
    ours.close()
    theirs.close()


def test_a_process_that_was_alone_for_long_still_notices_another_ones_commit(sqlite_url, monkeypatch):
    monkeypatch.setattr(wakeups, "ALONE_SECONDS", 0.0)
    ours, theirs = Database(sqlite_url), Database(sqlite_url)
    ours.wakeups.wait("deliveries", -1, 0)
    time.sleep(3 * wakeups.SQLITE_LOOK_ALONE_SECONDS)  # the first look at the file wakes everybody
    seen = ours.wakeups.wait("deliveries", -1, 0)
    began = time.monotonic()
    theirs.transact(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = version_num")))
    assert ours.wakeups.wait("deliveries", seen, 5.0) != seen
    assert time.monotonic() - began < 1.0
    ours.close()
    theirs.close()


def commit_until(database, stopped):
    while not stopped.is_set():
        database.transact(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = version_num")))
