"""The loop that pays: it wakes for new work, sleeps until the next, survives trouble and stops cleanly."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from bridges import a_bridge, all_of, deliveries, hand_over, handoff
from sqlalchemy import text
from structlog.testing import capture_logs

from bridge.app import build_worker
from bridge.handoffs import accept
from bridge.store import StoreUnavailable, tables
from bridge.worker import loop as loop_module
from connectors.errors import Busy
from connectors.remembering import RememberingHelpdesk


@pytest.fixture
def paying():
    """Give how to start a bridge's loop; it is stopped after the test."""
    started = []

    def start(bridge):
        worker = build_worker(bridge)
        worker.loop.start()
        started.append(worker.loop)
        return worker.loop

    yield start
    for one in started:
        one.stop()


def carded(bridge, handoff_id):
    return lambda: handoff(bridge, handoff_id).card


def test_what_is_owed_is_paid_in_order(open_bridge, paying, until):
    bridge = open_bridge()
    paying(bridge)
    handoff_id = hand_over(bridge)
    until(carded(bridge, handoff_id))
    assert handoff(bridge, handoff_id).ticket.id == "1"
    assert bridge.connectors.chats["chat"].cards["1"][0].ticket is not None


def test_what_another_process_owes_is_paid_by_its_wake_up_alone(open_bridge, paying, until, no_safety_net):
    there, here = open_bridge(), open_bridge()
    paying(here)
    for number in range(3):
        began = time.monotonic()
        handoff_id = hand_over(there, f"wa-{number}")
        until(carded(there, handoff_id))
        assert time.monotonic() - began < 1.0
    assert len(here.connectors.helpdesks["helpdesk"].tickets) == 3
    assert there.connectors.helpdesks["helpdesk"].tickets == {}


def test_the_loop_sleeps_until_the_next_may_be_sent(open_bridge, paying, until, no_safety_net):
    bridge = open_bridge()
    bridge.connectors.helpdesks["helpdesk"].fail_before(
        Busy("helpdesk", "slow down", retry_after=timedelta(seconds=0.7))
    )
    began = time.monotonic()
    handoff_id = hand_over(bridge)
    paying(bridge)
    until(lambda: handoff(bridge, handoff_id).ticket)
    assert 0.7 <= time.monotonic() - began < 3.0


def test_a_slow_vendor_does_not_hold_up_another(open_bridge, paying, until, monkeypatch):
    monkeypatch.setattr(accept, "CARD_WAITS_FOR_TICKET", timedelta(seconds=0.3))
    bridge = open_bridge(helpdesk=HeldHelpdesk())
    held = bridge.connectors.helpdesks["helpdesk"]
    for number in range(loop_module.THREADS + 4):
        hand_over(bridge, f"wa-{number}")
    paying(bridge)
    until(lambda: held.waiting >= loop_module.THREADS // 2)
    until(lambda: len(bridge.connectors.chats["chat"].cards) == loop_module.THREADS + 4)
    assert handoff(bridge, deliveries(bridge, "open_ticket")[0].handoff_id).ticket is None
    held.go.set()


class HeldHelpdesk(RememberingHelpdesk):
    """Opens no ticket before it is let go."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()
        self.waiting = 0

    def open_ticket(self, draft, once):
        self.waiting += 1
        self.go.wait(10)
        return super().open_ticket(draft, once)


def test_fault_15_a_stop_finishes_what_has_begun_and_gives_back_the_rest(open_bridge, paying, until):
    bridge = open_bridge(helpdesk=HeldHelpdesk())
    held = bridge.connectors.helpdesks["helpdesk"]
    for number in range(6):
        hand_over(bridge, f"wa-{number}")
    loop = paying(bridge)
    loop._pool = ThreadPoolExecutor(2)  # so that four of those claimed wait their turn
    until(lambda: held.waiting == 2)
    stopping = threading.Thread(target=loop.stop)
    stopping.start()
    until(loop._stopping.is_set)
    held.go.set()
    stopping.join()
    found = sorted((row.state, row.attempts, row.lease) for row in deliveries(bridge, "open_ticket"))
    assert found == [("owed", 0, None)] * 4 + [("settled", 1, None)] * 2
    tried = {row.delivery_id for row in all_of(bridge, tables.attempts)}
    unbegun = {row.delivery_id for row in deliveries(bridge, "open_ticket") if row.state == "owed"}
    assert not tried & unbegun


def test_a_store_that_goes_away_for_a_while_is_survived(open_bridge, paying, until, monkeypatch):
    bridge = open_bridge()
    monkeypatch.setattr(loop_module, "STORE_AWAY_SECONDS", 0.01)
    transact, away = bridge.database.transact, threading.Event()
    away.set()

    def moody(work):
        if away.is_set():
            raise StoreUnavailable("OperationalError")
        return transact(work)

    monkeypatch.setattr(bridge.database, "transact", moody)
    with capture_logs() as logs:
        paying(bridge)
        until(lambda: [one for one in logs if one["event"] == "store_unavailable"])
        away.clear()
        handoff_id = hand_over(bridge)
        until(carded(bridge, handoff_id))


def test_fault_09_a_server_that_drops_every_connection_is_survived(
    postgres_url, desk_file, paying, until, no_safety_net
):
    with a_bridge(postgres_url, desk_file) as bridge:
        loop = paying(bridge)
        until(carded(bridge, hand_over(bridge, "wa-1")))
        drop_connections(bridge)
        handoff_id = until(lambda: tried(lambda: hand_over(bridge, "wa-2")))
        until(lambda: tried(carded(bridge, handoff_id)))
        loop.stop()


def drop_connections(bridge):
    others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with bridge.database.read() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS others"))


def tried(work):
    try:
        return work()
    except StoreUnavailable:
        return None


def test_a_settlement_that_breaks_does_not_end_the_loop(open_bridge, paying, until, monkeypatch):
    bridge = open_bridge()
    loop = paying(bridge)
    write_down, broken = loop._payer.write_down_together, threading.Event()

    def once_broken(tried):
        if not broken.is_set():
            broken.set()
            raise RuntimeError("words of a customer")
        return write_down(tried)

    monkeypatch.setattr(loop._payer, "write_down_together", once_broken)
    with capture_logs() as logs:
        hand_over(bridge, "wa-1")
        until(broken.is_set)
        until(carded(bridge, hand_over(bridge, "wa-2")))
    assert "settling_broke" in [one["event"] for one in logs]
