"""Rows 41 and 42: a clock is wrong, ours or the bot's."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import apscheduler.schedulers.base
import apscheduler.triggers.interval
import pytest
import requests
from bot_at_the_door import asking
from bridges import a_bridge, all_of, hand_over, write_example_desk
from structlog.testing import capture_logs

import bridge.worker.ticker
from bridge.app import build_web
from bridge.store import Database, tables
from bridge.store.clock import HOLD, StoreClock, clock_of
from bridge.worker.ticker import Ticker
from sandbox.server import serve

HOUR = timedelta(hours=1)
#: of the example's "fast" policy
FIRST_RUNG = timedelta(minutes=2.5)


class Wall:
    """This machine's clock, which a test may put forward or back."""

    def __init__(self) -> None:
        self.off = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


@pytest.fixture
def wall(monkeypatch):
    """Return this machine's clock as the ticker and its scheduler see it."""
    clock = Wall()

    class Jumping(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock().astimezone(tz)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Jumping)
    monkeypatch.setattr(apscheduler.triggers.interval, "datetime", Jumping)
    monkeypatch.setattr(bridge.worker.ticker, "wall_clock", clock)
    monkeypatch.setattr(bridge.worker.ticker, "_ahead", lambda: clock().timestamp() - time.monotonic())
    return clock


@contextmanager
def bridge_by_the_store(url, folder, wall):
    """Give a bridge that goes by the store's time, and that time's clock."""
    database = Database(url)
    clock = clock_of(database.engine, wall)
    try:
        with a_bridge(url, write_example_desk(folder), clock.now) as made:
            yield made, clock
    finally:
        clock.close()
        database.close()


def fired(bridge):
    return [row.rung for row in all_of(bridge, tables.clocks) if row.state == "fired"]


def test_fault_41_no_rung_fires_early_when_the_clock_is_put_forward(database_url, tmp_path, wall):
    """This machine's clock jumps an hour ahead: deadlines go by the store's time, and no rung fires early."""
    with bridge_by_the_store(database_url, tmp_path, wall) as (made, clock):
        hand_over(made)
        wall.off = HOUR
        clock.measure()
        Ticker(database=made.database, accounts=made.accounts, clock=made.clock).look()
        assert fired(made) == []


def test_fault_41_a_rung_fires_in_time_when_the_clock_is_put_back(database_url, tmp_path, wall):
    """This machine's clock jumps an hour back: the tick counts seconds that never jump, and rungs fire on time."""
    with bridge_by_the_store(database_url, tmp_path, wall) as (made, _):
        ticker = Ticker(database=made.database, accounts=made.accounts, clock=made.clock)
        ticker.start()
        try:
            hand_over(made, asked_at=made.clock() - FIRST_RUNG + timedelta(seconds=1.5))
            time.sleep(0.2)  # the look is planned by the clock as it is
            wall.off = -HOUR
            end = time.monotonic() + 10
            while not fired(made):
                assert time.monotonic() < end, "the tick stands still"
                time.sleep(0.05)
        finally:
            ticker.stop()
        (row,) = [row for row in all_of(made, tables.clocks) if row.state == "fired"]
        assert row.settled_at >= row.due_at


def test_fault_41_chores_go_on_when_the_clock_is_put_back(sqlite_url, tmp_path, wall):
    """This machine's clock jumps an hour back: what a worker does each minute does not wait for that hour."""
    done = []
    with bridge_by_the_store(sqlite_url, tmp_path, wall) as (made, _):
        ticker = Ticker(database=made.database, accounts=made.accounts, clock=made.clock)
        ticker.every(1, lambda: done.append(time.monotonic()))
        ticker.start()
        try:
            wall.off = -HOUR
            end = time.monotonic() + 10
            while len(done) < 2:
                assert time.monotonic() < end, "the chores stand still"
                time.sleep(0.05)
        finally:
            ticker.stop()


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
def test_fault_41_a_jump_is_an_alarm_in_the_log_and_a_measure(database_url, tmp_path, wall, jump):
    """This machine's clock is an hour off: one line in the log and a measure tell the operator."""
    with bridge_by_the_store(database_url, tmp_path, wall) as (made, clock), serve(build_web(made)) as web:
        made.database.clock = clock
        clock.now()
        wall.off = jump
        with capture_logs() as logs:
            clock.measure()
            clock.measure()
        (alarm,) = [line for line in logs if line["event"] == "clock_skewed"]
        assert alarm["log_level"] == "error"
        assert alarm["seconds"] == pytest.approx(jump.total_seconds(), abs=1)
        measures = requests.get(f"{web.url}/metrics", timeout=10).text
    (shown,) = [line for line in measures.splitlines() if line.startswith("handoff_clock_skew_seconds ")]
    assert float(shown.split()[1]) == pytest.approx(jump.total_seconds(), abs=1)


class Count:
    """Seconds since boot, counted by the test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def machine(frozen_now):
    """Return a machine's clock, a count of seconds and the time of an embedded store that goes by them."""
    count, jumps = Count(), Wall()

    def clock() -> datetime:
        return frozen_now + timedelta(seconds=count()) + jumps.off

    store = StoreClock(clock, hold=HOLD, wall=clock, steady=count)
    assert store.now() == frozen_now
    yield jumps, count, store
    store.close()


def test_fault_41_a_jump_that_stays_is_believed_after_ten_minutes(machine, frozen_now):
    """The clock beside an embedded store is put right for good: after ten minutes it is believed."""
    jumps, count, store = machine
    jumps.off = HOUR
    store.measure()
    count.seconds += HOLD.total_seconds() - 1
    store.measure()
    assert store.now() == frozen_now + HOLD - timedelta(seconds=1)
    count.seconds += 1
    store.measure()
    assert (store.now(), store.skew) == (frozen_now + HOUR + HOLD, timedelta(0))


def test_fault_41_a_jump_that_is_taken_back_is_forgotten(machine, frozen_now):
    """The clock beside an embedded store jumps and is set right again: time has gone on as if nothing had been."""
    jumps, count, store = machine
    with capture_logs() as logs:
        for jumps.off in (HOUR, timedelta(0)):
            store.measure()
            count.seconds += HOLD.total_seconds()
        store.measure()
    assert store.now() == frozen_now + 2 * HOLD
    assert [line["event"] for line in logs] == ["store_clock_jumped", "clock_skewed", "clock_right_again"]


def test_fault_41_small_corrections_are_taken_at_once(machine, frozen_now):
    """The clock is corrected by a second, as all clocks are: the bridge follows, without an alarm."""
    jumps, _, store = machine
    jumps.off = timedelta(seconds=1)
    with capture_logs() as logs:
        store.measure()
    assert (store.now(), logs) == (frozen_now + timedelta(seconds=1), [])


@pytest.mark.parametrize(
    "asked_at", ["2031-01-01T00:00:00Z", "2026-11-14T00:00:00Z"], ids=["ahead", "last week"]
)
def test_fault_42_a_bots_wrong_clock_is_clamped_and_flagged(door, town, asked_at):
    """A bot's clock is years ahead or a week behind: what it says is held at our own time, and flagged."""
    seen = door.look(door.post(asking(asked_at=asked_at)).json()["id"])
    assert datetime.fromisoformat(seen["asked_at"]) == town.clock()
    assert "clock_untrusted" in seen["flags"]
