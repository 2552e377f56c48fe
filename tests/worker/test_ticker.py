"""Rungs fire when they are due: not early, not late, not in vain, and whatever else is broken."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from bridges import a_bridge, all_of, events, hand_over, system_clock
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bridge.store import StoreUnavailable, tables
from bridge.worker import ticker as ticker_module
from bridge.worker.ticker import Ticker

CLOCKS = tables.clocks
HANDOFFS = tables.handoffs
#: the first rung of the example's "fast" policy: half of five minutes
FIRST_RUNG = timedelta(minutes=2.5)


class CountingTicker(Ticker):
    looks = 0

    def look(self):
        self.looks += 1
        super().look()


@pytest.fixture
def ticking():
    """Give how to start a bridge's ticker; it is stopped after the test."""
    started = []

    def start(bridge):
        ticker = CountingTicker(database=bridge.database, accounts=bridge.accounts, clock=bridge.clock)
        ticker.start()
        started.append(ticker)
        return ticker

    yield start
    for one in started:
        one.stop()


def due_in(bridge, number, **wait):
    """Hand over so that the first rung is due in a while; the next one is minutes away."""
    return hand_over(bridge, f"wa-{number}", asked_at=system_clock() - FIRST_RUNG + timedelta(**wait))


def fired(bridge):
    return [row for row in all_of(bridge, CLOCKS) if row.state == "fired"]


def test_twenty_clocks_fire_at_their_moments_and_never_early(open_bridge, ticking, until):
    bridge = open_bridge()
    ticking(bridge)
    began = system_clock()
    for number in range(20):
        # in bunches, since what comes due while others fire is missed most easily
        due_in(bridge, number, milliseconds=600 + 250 * (number // 4) + 3 * (number % 4))
    until(lambda: len(fired(bridge)) == 20)
    late = sorted(row.late_ms for row in fired(bridge))
    assert late[0] >= 0
    assert late[-1] < 500
    assert all(row.settled_at >= row.due_at > began for row in fired(bridge))


def test_no_look_is_lost_when_clocks_come_due_one_upon_the_other(open_bridge, ticking, until, monkeypatch):
    monkeypatch.setattr(ticker_module, "TICK_SECONDS", 60)  # no safety net
    bridge = open_bridge()
    for number in range(60):
        due_in(bridge, number, milliseconds=500 + 7 * number)
    ticking(bridge)
    until(lambda: len(fired(bridge)) == 60)


def test_clocks_of_another_process_fire_without_waiting_for_the_tick(
    open_bridge, ticking, until, monkeypatch
):
    monkeypatch.setattr(ticker_module, "TICK_SECONDS", 60)
    there, here = open_bridge(), open_bridge()
    ticking(here)
    due_in(there, 1, milliseconds=300)
    until(lambda: fired(there))
    assert fired(there)[0].late_ms < 500


def test_after_a_stop_what_is_overdue_fires_at_once_and_once(open_bridge, ticking, until):
    bridge = open_bridge()
    for number in range(5):
        due_in(bridge, number, minutes=-30)
    began = time.monotonic()
    ticking(bridge)
    until(lambda: len(fired(bridge)) == 25)
    assert time.monotonic() - began < 3.0
    climbed = [row for row in all_of(bridge, tables.timeline) if row.event == "escalated"]
    assert len(climbed) == 20


def test_two_tickers_fire_each_rung_once(open_bridge, ticking, until):
    bridges = [open_bridge(), open_bridge()]
    for number in range(8):
        due_in(bridges[0], number, milliseconds=200)
    for bridge in bridges:
        ticking(bridge)
    until(lambda: len(fired(bridges[0])) == 8)
    climbed = [row for row in all_of(bridges[0], tables.timeline) if row.event == "escalated"]
    assert len(climbed) == 8


def test_a_promise_and_a_rung_of_the_same_moment_both_fire(open_bridge, ticking, until):
    bridge = open_bridge()
    handoff_id = hand_over(bridge, asked_at=system_clock() - timedelta(minutes=6))
    ticking(bridge)
    until(lambda: len(fired(bridge)) == 3)
    assert {row.rung for row in fired(bridge)} == {0, 1, 2}
    assert [one for one in events(bridge, handoff_id) if one in ("breached", "escalated")] == [
        "escalated",
        "breached",
        "escalated",
    ]


def test_a_handoff_that_is_being_changed_holds_up_no_other_and_fires_once_it_is_free(
    postgres_url, desk_file, until
):
    with a_bridge(postgres_url, desk_file) as bridge:
        busy, free = due_in(bridge, 1, minutes=-1), due_in(bridge, 2, minutes=-1)
        ticker = Ticker(database=bridge.database, accounts=bridge.accounts, clock=bridge.clock)
        with bridge.database.engine.begin() as hanging:
            hanging.execute(select(HANDOFFS).where(HANDOFFS.c.handoff_id == busy).with_for_update())
            ticker.start()
            until(lambda: fired(bridge))
            assert {row.handoff_id for row in fired(bridge)} == {free}
        until(lambda: len(fired(bridge)) == 2)
        ticker.stop()


def test_a_worker_that_leaves_the_clocks_to_another_fires_what_that_one_missed(open_bridge, until):
    bridge = open_bridge()
    missed, fresh = due_in(bridge, 1, seconds=-5), due_in(bridge, 2, seconds=0)
    ticker = Ticker(
        database=bridge.database,
        accounts=bridge.accounts,
        clock=bridge.clock,
        leaving=timedelta(seconds=3),
    )
    ticker.look()
    assert {row.handoff_id for row in fired(bridge)} == {missed}
    assert 0 < ticker.seconds_until_next() <= 1
    until(lambda: ticker.look() or len(fired(bridge)) == 2)
    assert next(row.late_ms for row in fired(bridge) if row.handoff_id == fresh) >= 3000


def poison(bridge, handoff_id):
    """Make a row that nothing can read any more."""
    bridge.database.transact(
        lambda tx: tx.execute(update(HANDOFFS).where(HANDOFFS.c.handoff_id == handoff_id).values(policy={}))
    )


def test_fault_60_a_clock_that_cannot_be_fired_neither_spins_nor_blocks_others(open_bridge, ticking, until):
    """A rung cannot be fired at all: it is told in the log and tried each second, and the others fire on time."""
    bridge = open_bridge()
    poison(bridge, due_in(bridge, 1, minutes=-1))
    healthy = due_in(bridge, 2, milliseconds=1300)
    with capture_logs() as logs:
        ticker = ticking(bridge)
        until(lambda: fired(bridge))
    ((row,), broke) = fired(bridge), [one for one in logs if one["event"] == "rung_broke"]
    assert (row.handoff_id, row.late_ms < 500) == (healthy, True)
    assert 1 <= len(broke) == ticker.looks <= 10


def test_any_number_of_broken_clocks_leave_the_others_their_turn(open_bridge, ticking, until, monkeypatch):
    monkeypatch.setattr(ticker_module, "MOST_AT_ONCE", 2)
    bridge = open_bridge()
    for number in range(5):
        poison(bridge, due_in(bridge, number, minutes=-2))
    healthy = due_in(bridge, 9, minutes=-1)
    with capture_logs():  # not rendered: a trace with all its locals takes seconds
        ticking(bridge)
        until(lambda: fired(bridge))
    assert {row.handoff_id for row in fired(bridge)} == {healthy}


def test_a_store_that_goes_away_for_a_while_only_delays(open_bridge, ticking, until, monkeypatch):
    monkeypatch.setattr(ticker_module, "TICK_SECONDS", 0.2)
    bridge = open_bridge()
    due_in(bridge, 1, minutes=-1)
    transact, refused = bridge.database.transact, []

    def moody(work):
        if len(refused) < 2:
            refused.append(work)
            raise StoreUnavailable("OperationalError")
        return transact(work)

    monkeypatch.setattr(bridge.database, "transact", moody)
    with capture_logs() as logs:
        ticking(bridge)
        until(lambda: fired(bridge))
    assert [one["event"] for one in logs].count("store_unavailable") == 2


def test_a_job_that_breaks_is_told_in_the_log_and_comes_again(open_bridge, ticking, until, monkeypatch):
    bridge = open_bridge()
    ticker = ticking(bridge)
    runs = []

    def broken():
        runs.append(1)
        raise RuntimeError("words of a customer")

    with capture_logs() as logs:
        ticker.every(0.05, broken)
        until(lambda: len(runs) >= 2)
    assert [one["event"] for one in logs].count("tick_broke") >= 2
