"""What a worker does beside its deliveries: the desk file, the polls, the books."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from bridges import all_of, deliveries, hand_over, pay, system_clock
from sqlalchemy import delete, update
from structlog.testing import capture_logs

from bridge.accounts import MAIN
from bridge.app import build_worker, prepare
from bridge.delivery import ledger
from bridge.desk.mistakes import DeskRefused
from bridge.handoffs.ids import new_id
from bridge.settings import SettingsRefused
from bridge.store import tables
from bridge.worker.housekeeping import all_is_well, follow_desk_file, owe_polls

DELIVERIES = tables.deliveries


def version(bridge):
    with bridge.database.read() as connection:
        return bridge.accounts.of(connection, MAIN).desk_version


def follow(bridge, desk_file):
    with capture_logs() as logs:
        follow_desk_file(bridge.database, bridge.accounts, desk_file, system_clock())
    return [one["event"] for one in logs]


BAD = {"mistakes": b"timezone: Nowhere/At_all\n", "no text": b"\xff\xfe\x00", "empty": b""}


@pytest.mark.parametrize("kind", [*BAD, "gone"])
def test_a_desk_file_that_turns_bad_leaves_the_last_good_one(open_bridge, desk_file, kind):
    bridge = open_bridge()
    good = desk_file.read_text()
    desk_file.unlink() if kind == "gone" else desk_file.write_bytes(BAD[kind])
    assert follow(bridge, desk_file) == ["desk_file_refused"]
    assert version(bridge) == 1
    desk_file.write_text(good.replace("name: Ravi Iyer", "name: Ravi K. Iyer"))
    assert follow(bridge, desk_file) == []
    with bridge.database.read() as connection:
        account = bridge.accounts.of(connection, MAIN)
    assert (account.desk_version, account.desk.people["ravi"].name) == (2, "Ravi K. Iyer")


def test_many_processes_that_see_an_edit_keep_it_once(open_bridge, desk_file):
    bridges = [open_bridge() for _ in range(3)]
    desk_file.write_text(desk_file.read_text() + "# edited\n")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda bridge: follow(bridge, desk_file), bridges * 4))
    assert len(all_of(bridges[0], tables.desk_versions)) == 2


def test_a_start_with_a_bad_edit_goes_on_with_the_desk_in_force(open_bridge, desk_file):
    open_bridge()
    desk_file.write_bytes(BAD["mistakes"])
    assert version(open_bridge()) == 1


def test_a_first_start_with_a_bad_desk_is_refused(open_bridge, desk_file):
    desk_file.write_bytes(BAD["mistakes"])
    with pytest.raises(DeskRefused):
        open_bridge()


def test_a_first_start_without_a_desk_is_refused_and_a_later_one_is_not(open_bridge, desk_file):
    bridge = open_bridge(ready=False, HANDOFF_DESK="")
    with pytest.raises(SettingsRefused, match="HANDOFF_DESK"):
        prepare(bridge)
    prepare(open_bridge(ready=False))
    prepare(bridge)


def polls(bridge):
    return [row.state for row in deliveries(bridge, "read_changes")]


def test_each_helpdesk_is_owed_one_poll_whatever_the_number_of_processes(open_bridge, monkeypatch):
    def slowly(*named):
        time.sleep(0.02)  # between a look at what is owed and the new row, where another process may look too
        return new_id(*named)

    monkeypatch.setattr(ledger, "new_id", slowly)
    bridges = [open_bridge(ready=number == 0) for number in range(3)]
    bridges[0].database.transact(lambda tx: tx.execute(delete(DELIVERIES)))
    with ThreadPoolExecutor(12) as pool:
        for bridge in bridges * 8:
            pool.submit(owe_polls, bridge.database, bridge.connectors, system_clock())
    assert polls(bridges[0]) == ["owed"]


@pytest.mark.parametrize("state", ["owed", "unknown"])
def test_a_poll_that_is_under_way_is_not_owed_again(open_bridge, state):
    bridge = open_bridge()
    bridge.database.transact(lambda tx: tx.execute(update(DELIVERIES).values(state=state)))
    owe_polls(bridge.database, bridge.connectors, system_clock())
    assert polls(bridge) == [state]


def test_a_poll_that_was_given_up_begins_anew(open_bridge):
    bridge = open_bridge()
    bridge.database.transact(lambda tx: tx.execute(update(DELIVERIES).values(state="dead")))
    owe_polls(bridge.database, bridge.connectors, system_clock())
    assert sorted(polls(bridge)) == ["dead", "owed"]


def audit(bridge):
    with capture_logs() as logs:
        well = all_is_well(bridge.database, bridge.clock())
    return well, logs


def test_books_that_balance_are_noted(open_bridge):
    bridge = open_bridge()
    hand_over(bridge, "wa-1")
    pay(bridge)
    hand_over(bridge, "wa-2")
    well, (said,) = audit(bridge)
    assert (well, said["event"], said["log_level"]) == (True, "books_balance", "info")
    assert (said["accepted"], said["settled"], said["owed"], said["missing"]) == (2, 1, 1, 0)


def test_a_handoff_that_lost_its_deliveries_raises_the_alarm(open_bridge):
    bridge = open_bridge()
    lost = hand_over(bridge, "wa-1")
    hand_over(bridge, "wa-2")
    bridge.database.transact(lambda tx: tx.execute(delete(DELIVERIES).where(DELIVERIES.c.handoff_id == lost)))
    well, (said,) = audit(bridge)
    assert (well, said["event"], said["log_level"]) == (False, "books_do_not_balance", "error")
    assert (said["accepted"], said["owed"], said["missing"]) == (2, 1, 1)


def test_a_handoff_that_lost_its_clocks_raises_the_alarm(open_bridge):
    bridge = open_bridge()
    lost = hand_over(bridge, "wa-1")
    bridge.database.transact(lambda tx: tx.execute(delete(tables.clocks)))
    well, (_, said) = audit(bridge)
    assert (well, said["event"], said["log_level"]) == (False, "clock_astray", "error")
    assert (said["handoff"], said["why"]) == (lost, "no_promise")


def test_a_worker_has_its_chores_and_stops_with_nothing_left_running(open_bridge):
    before = set(threading.enumerate())
    worker = build_worker(open_bridge())
    chores = sorted(job.trigger.interval.total_seconds() for job in worker.ticker._scheduler.get_jobs())
    # the shifts; the pages in the chat; the desk file, the purge; the audit, what goes on for ever, the used
    # signatures; the long look at the books
    assert chores == [1, 5, 15, 30, 60, 60, 60, 3600]
    worker.start()
    worker.stop()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert left <= {
        "store-writer",
        "store-watch",
        "store-listen",
        "store-tell",
    }  # the store's own, until it is closed
