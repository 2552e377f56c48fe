"""Shifts change once and in time, with any number of workers that really run, on both stores."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bridges import a_bridge, all_of, deliveries, events, hand_over, handoff, system_clock
from sqlalchemy import select
from structlog.testing import capture_logs

from bridge.app import build_worker
from bridge.store import StoreUnavailable, tables
from bridge.worker.shifts import ShiftWatch

HANDOFFS = tables.handoffs
DESK = """
timezone: UTC
people:
  asha: {{name: Asha Rao, slack: U07ASHA}}
  ravi: {{name: Ravi Iyer, slack: U07RAVI}}
channels:
  whatsapp: {{attention_window_minutes: 15}}
shifts:
  - {{name: morning, days: daily, hours: "00:00-12:00", owners: [asha], slack_channel: C0DAY}}
  - {{name: evening, days: daily, hours: "12:00-00:00", owners: [asha], slack_channel: C0DAY}}
overrides:
  - {{from: {begins}, to: {ends}, owner: ravi}}
routes:
  - {{otherwise: true, sla: standard}}
sla:
  standard: {{respond_within_minutes: 600}}
"""


def ravi_comes(desk_file, at):
    """Put a desk in force on which Ravi stands in for Asha from then on."""
    ends = at + timedelta(hours=1)
    desk_file.write_text(DESK.format(begins=at.isoformat(), ends=ends.isoformat()))


@pytest.fixture
def working():
    """Give how to start a worker of a bridge; it is stopped after the test."""
    started = []

    def start(bridge):
        worker = build_worker(bridge)
        worker.start()
        started.append(worker)

    yield start
    for one in started:
        one.stop()


def watch_of(bridge):
    return ShiftWatch(database=bridge.database, accounts=bridge.accounts, clock=bridge.clock)


def moved(bridge):
    return [
        row for row in all_of(bridge, tables.timeline) if (row.event, row.actor) == ("reassigned", "shift")
    ]


def test_two_workers_hand_each_handoff_on_once_and_in_time(desk_file, open_bridge, working, until):
    begins = system_clock() + timedelta(seconds=3)
    ravi_comes(desk_file, begins)
    bridges = [open_bridge(), open_bridge()]
    for number in range(8):
        hand_over(bridges[0], f"wa-{number}")
    for bridge in bridges:
        working(bridge)
    until(lambda: len(moved(bridges[0])) == 8)
    until(lambda: [row.state for row in deliveries(bridges[0], "shift_note")] == ["settled"])
    late = [(row.at - begins).total_seconds() for row in moved(bridges[0])]
    assert min(late) >= 0
    assert max(late) < 2.5  # a second between two looks, and what the machine's other work takes
    until(lambda: not any(row.moving for row in all_of(bridges[0], tables.shift_changes)))
    assert len({row.handoff_id for row in moved(bridges[0])}) == len(moved(bridges[0])) == 8
    assert len(deliveries(bridges[0], "shift_note")) == 1


def test_a_change_that_nobody_saw_is_made_good_by_the_next_worker(desk_file, open_bridge, working, until):
    begins = system_clock() + timedelta(seconds=1)
    ravi_comes(desk_file, begins)
    bridge = open_bridge()
    handoff_id = hand_over(bridge)
    watch_of(bridge).look()  # and then it dies
    until(lambda: system_clock() > begins)
    again = open_bridge()
    working(again)
    until(lambda: handoff(again, handoff_id).owner == "ravi")
    assert len(moved(again)) == 1


def test_a_worker_that_dies_between_note_and_moving_leaves_the_moving_to_another(
    desk_file, open_bridge, until, monkeypatch
):
    begins = system_clock() + timedelta(seconds=1)
    ravi_comes(desk_file, begins)
    bridge, other = open_bridge(), open_bridge()
    handoff_id = hand_over(bridge)
    dying = watch_of(bridge)
    dying.look()
    until(lambda: system_clock() > begins)
    monkeypatch.setattr(dying, "_move_on", lambda *_: None)
    dying.look()
    assert handoff(bridge, handoff_id).owner == "asha"
    watch_of(other).look()
    assert handoff(bridge, handoff_id).owner == "ravi"
    assert (len(moved(bridge)), len(deliveries(bridge, "shift_note"))) == (1, 1)


def test_a_handoff_that_is_being_changed_holds_up_no_other_and_goes_when_it_is_free(
    postgres_url, desk_file, until
):
    begins = system_clock() + timedelta(seconds=1)
    ravi_comes(desk_file, begins)
    with a_bridge(postgres_url, desk_file) as bridge:
        busy, free = hand_over(bridge, "busy"), hand_over(bridge, "free")
        watch = watch_of(bridge)
        watch.look()
        until(lambda: system_clock() > begins)
        with bridge.database.engine.begin() as hanging:
            hanging.execute(select(HANDOFFS).where(HANDOFFS.c.handoff_id == busy).with_for_update())
            watch.look()
            assert [handoff(bridge, one).owner for one in (busy, free)] == ["asha", "ravi"]
        watch.look()
        assert handoff(bridge, busy).owner == "ravi"
        assert events(bridge, free).count("reassigned") == 1


def test_a_store_that_is_away_for_a_while_only_delays(desk_file, open_bridge, until, monkeypatch):
    begins = system_clock() + timedelta(seconds=1)
    ravi_comes(desk_file, begins)
    bridge = open_bridge()
    handoff_id = hand_over(bridge)
    watch = watch_of(bridge)
    watch.look()
    until(lambda: system_clock() > begins)
    transact, refused = bridge.database.transact, []

    def moody(work):
        if not refused:
            refused.append(work)
            raise StoreUnavailable("OperationalError")
        return transact(work)

    monkeypatch.setattr(bridge.database, "transact", moody)
    with pytest.raises(StoreUnavailable), capture_logs():
        watch.look()
    watch.look()
    assert handoff(bridge, handoff_id).owner == "ravi"


def test_nothing_is_written_while_nothing_changes(desk_file, open_bridge, monkeypatch):
    ravi_comes(desk_file, system_clock() + timedelta(hours=1))
    bridge = open_bridge()
    watch = watch_of(bridge)
    watch.look()

    def refuse(_work):
        raise AssertionError("nothing was to be written")

    monkeypatch.setattr(bridge.database, "transact", refuse)
    watch.look()
    watch_of(bridge).look()  # another process, which has to work the roster out for itself
