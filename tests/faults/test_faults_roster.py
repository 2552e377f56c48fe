"""Rows 35 to 40, 45 and 46: who has a handoff when the roster has a gap, an overlap, an odd night or a holiday."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import metadata, resources
from pathlib import Path

import pytest
from bridges import Clock, a_bridge, all_of, deliveries, events, hand_over, handoff, pay
from rosters import local

from bridge.accounts import MAIN
from bridge.desk.check import warnings
from bridge.desk.load import load_desk
from bridge.desk.mistakes import DeskRefused
from bridge.handoffs import clocks
from bridge.reports.as_text import as_text
from bridge.reports.period import Period
from bridge.reports.report import make_report
from bridge.reports.rows import received_in
from bridge.roster.on_duty import on_duty
from bridge.store import tables

NEW_YORK = "America/New_York"
VENDORS = frozenset({"slack", "zendesk", "freshdesk"})
DESK = """
timezone: {zone}
people:
  asha: {{name: Asha Rao, slack: U07ASHA, zendesk: 3601}}
  ravi: {{name: Ravi Iyer, slack: U07RAVI, zendesk: 3602}}
  meera: {{name: Meera Shah, slack: U07MEERA, zendesk: 3603, role: lead}}
channels:
  whatsapp: {{attention_window_minutes: 15}}
shifts:
{shifts}
routes: [{{otherwise: true, group: Support, sla: standard}}]
calendars:
  office: {{hours: {{daily: "09:00-18:00"}}, holidays: [2026-11-22]}}
sla:
  standard:
    respond_within_minutes: 30
    calendar: {calendar}
    ladder:
      - {{at: 50%, do: [remind_owner]}}
      - {{at: 100%, do: [tag_backup]}}
      - {{at: 150%, do: [tag_lead]}}
fallback: {{slack_channel: C0ALL, lead: meera}}
"""
MONDAYS = "  - {name: monday, channels: [whatsapp], days: mon, hours: '09:00-10:00', owners: [asha]}"


def shift(name, hours, owner, more=""):
    return (
        f"  - {{name: {name}, channels: [whatsapp], days: daily, hours: '{hours}', owners: [{owner}],"
        f" slack_channel: C0{name.upper()}{more}}}"
    )


@pytest.fixture
def open_desk(sqlite_url, tmp_path, frozen_now):
    """Give how to run a bridge on a desk of these shifts; its clock is moved by the test."""
    opened = []

    def open_it(*shifts, zone="Asia/Kolkata", calendar="always", now=frozen_now):
        desk = tmp_path / "desk.yaml"
        desk.write_text(DESK.format(shifts="\n".join(shifts), zone=zone, calendar=calendar))
        opened.append(a_bridge(sqlite_url, desk, Clock(now)))
        return opened[-1].__enter__()

    yield open_it
    for one in opened:
        one.__exit__(None, None, None)


def tick(bridge):
    """Fire whatever has run out, and what becomes due by it."""
    while True:
        with bridge.database.read() as connection:
            due = clocks.due(connection, bridge.clock(), 100)
        if not due:
            return pay(bridge)
        for clock in due:
            bridge.database.transact(
                lambda tx, clock=clock: clocks.fire(
                    tx, bridge.accounts.of(tx.connection, MAIN), clock, bridge.clock()
                )
            )


def called(bridge):
    """Return who was called under the card, in order."""
    return [row.payload["tag"] for row in deliveries(bridge, "thread_note")]


def test_fault_35_the_lead_has_the_ticket_and_the_card(open_desk):
    """Nobody is rostered when a handoff comes: the lead gets the ticket and the card's tag; no owner is promised."""
    bridge = open_desk(MONDAYS)
    handoff_id = hand_over(bridge)
    pay(bridge)
    helpdesk, chat = bridge.connectors.helpdesks["helpdesk"], bridge.connectors.chats["chat"]
    assert helpdesk.tickets["1"].assignee.key == "meera"
    assert (chat.cards["1"][0].owner, chat.cards["1"][0].lead.key) == (None, "meera")
    assert handoff(bridge, handoff_id).owner is None


def test_fault_35_rungs_that_would_call_nobody_are_passed_over(open_desk):
    """The first rung would remind an owner who is not there: the next follows at once, until one reaches the lead."""
    bridge = open_desk(MONDAYS)
    hand_over(bridge)
    pay(bridge)
    bridge.clock.later(minutes=15)
    tick(bridge)
    assert [row.rung for row in all_of(bridge, tables.clocks) if row.reached is False] == [1, 2]
    assert called(bridge) == [["meera"]]


def test_fault_35_the_breach_is_tagged_and_the_report_counts_it(open_desk):
    """A promise is broken because nobody was rostered: the breach says so, and the report has a row for it."""
    bridge = open_desk(MONDAYS)
    handoff_id = hand_over(bridge)
    bridge.clock.later(minutes=31)
    tick(bridge)
    (breach,) = [row for row in all_of(bridge, tables.timeline) if row.event == "breached"]
    assert breach.data["gap"] is True
    day = Period(
        starts_at=bridge.clock() - timedelta(days=1), ends_at=bridge.clock() + timedelta(days=1), zone="UTC"
    )
    with bridge.database.read() as connection:
        report = make_report(received_in(connection, MAIN, day), day, bridge.clock())
    ((name, missed),) = [(group.name, group.calendar.strict) for group in report.by_shift]
    assert (name, missed.hits, missed.of) == ("gap", 0, 1)
    assert re.search(r"^gap +1 ", as_text(report), re.MULTILINE)
    assert "breached" in events(bridge, handoff_id)


def test_fault_36_of_two_owners_at_once_one_has_the_handoff(open_desk):
    """Two shifts overlap when a handoff comes: whose shift began later has it, and nobody else is called."""
    bridge = open_desk(shift("day", "09:00-21:00", "asha"), shift("evening", "17:00-01:00", "ravi"))
    handoff_id = hand_over(bridge)  # at 18:22
    pay(bridge)
    bridge.clock.later(minutes=15)
    tick(bridge)
    assert handoff(bridge, handoff_id).owner == "ravi"
    assert called(bridge) == [["ravi"]]


@pytest.mark.parametrize(
    ("hours", "zone", "problem"),
    [
        ("09:00-09:00", NEW_YORK, "09:00"),
        ("02:10-02:50", NEW_YORK, "2026|2027|clock"),
    ],
    ids=["no time", "swallowed in spring"],
)
def test_fault_37_a_shift_without_time_in_it_is_refused(tmp_path, hours, zone, problem):
    """A shift has no length, or loses all of it to the spring change: the desk is refused, naming the line."""
    desk = tmp_path / "desk.yaml"
    desk.write_text(DESK.format(shifts=shift("odd", hours, "asha"), zone=zone, calendar="always"))
    with pytest.raises(DeskRefused) as refused:
        load_desk(desk, VENDORS)
    (mistake,) = refused.value.mistakes
    assert (mistake.line, mistake.key) == (10, "shifts[0].hours")
    assert re.search(problem, f"{mistake.problem} {mistake.remedy}")


@pytest.mark.parametrize(
    ("now", "lasts"),
    [
        (datetime(2027, 3, 1, tzinfo=UTC), "Sat 13 Mar 22:00 lasts 7 hours"),
        (datetime(2026, 10, 20, tzinfo=UTC), "Sat 31 Oct 22:00 lasts 9 hours"),
    ],
    ids=["spring", "autumn"],
)
def test_fault_37_the_odd_night_is_told_beforehand(tmp_path, now, lasts):
    """A clock change makes a coming night shorter or longer: the desk's check says which, and by how much."""
    desk = tmp_path / "desk.yaml"
    desk.write_text(
        DESK.format(shifts=shift("night", "22:00-06:00", "asha"), zone=NEW_YORK, calendar="always")
    )
    notes = [one.problem for one in warnings(load_desk(desk, VENDORS), now) if one.severity == "note"]
    assert notes == [f"night of {lasts}: clocks change"]


def test_fault_38_each_moment_of_the_long_night_has_one_owner(open_desk):
    """Clocks go back in the middle of a night shift: it lasts nine hours, and passes on once."""
    night, day = shift("night", "22:00-06:00", "asha"), shift("day", "06:00-22:00", "ravi")
    bridge = open_desk(night, day, zone=NEW_YORK)
    with bridge.database.read() as connection:
        roster = bridge.accounts.of(connection, MAIN).desk.roster
    start = local("2026-10-31T21:30", NEW_YORK)
    owners = [on_duty(roster, "whatsapp", start + timedelta(minutes=ten)).owner for ten in range(0, 660, 10)]
    assert owners == ["ravi"] * 3 + ["asha"] * 54 + ["ravi"] * 9  # 54 times ten minutes are nine hours


def test_fault_39_the_owner_is_settled_at_acceptance_and_the_ladder_calls_who_is_on_duty_then(open_desk):
    """A handoff comes at the last moment of a shift: its owner stays, and rungs call the next shift's people."""
    first = shift("day", "09:00-18:22", "asha", ", backup: meera")
    bridge = open_desk(first, shift("evening", "18:22-01:00", "meera", ", backup: ravi"))
    bridge.clock.later(seconds=-1)
    last = hand_over(bridge, "wa-1")
    bridge.clock.later(seconds=1)
    at_the_boundary = hand_over(bridge, "wa-2")
    assert [handoff(bridge, one).owner for one in (last, at_the_boundary)] == ["asha", "meera"]
    bridge.clock.later(minutes=30)
    tick(bridge)
    backups = [row.payload["tag"] for row in deliveries(bridge, "thread_note") if row.rung == 2]
    assert backups == [["ravi"], ["ravi"]]


def test_fault_40_who_had_it_when_the_shift_ended_keeps_it(open_desk):
    """A shift ends while its handoff waits: the owner keeps it, is still reminded, and the card goes on naming them."""
    bridge = open_desk(shift("day", "09:00-18:30", "asha"), shift("evening", "18:30-01:00", "ravi"))
    handoff_id = hand_over(bridge)  # at 18:22
    pay(bridge)
    bridge.clock.later(minutes=15)
    tick(bridge)
    assert handoff(bridge, handoff_id).owner == "asha"
    assert called(bridge) == [["asha"]]
    assert bridge.connectors.chats["chat"].cards["1"][-1].owner.key == "asha"


def test_fault_45_an_unknown_zone_is_refused(tmp_path):
    """The desk names a zone that nobody knows: it is refused, with the nearest name that would do."""
    desk = tmp_path / "desk.yaml"
    desk.write_text(DESK.format(shifts=MONDAYS, zone="Asia/Kolkatta", calendar="always"))
    with pytest.raises(DeskRefused) as refused:
        load_desk(desk, VENDORS)
    assert "Asia/Kolkata'" in str(refused.value.mistakes[0])


def test_fault_45_new_rules_of_a_zone_move_the_shifts_to_come(tmp_path):
    """A country changes its time: with newer rules, shifts to come are where the clocks on the wall say."""
    newer = tmp_path / "zones"
    (newer / "Asia").mkdir(parents=True)
    shutil.copy(str(resources.files("tzdata") / "zoneinfo" / "Asia" / "Tokyo"), newer / "Asia" / "Kolkata")
    asked = (
        "from datetime import datetime; from bridge.roster.walltime import in_zone;"
        "print(in_zone(datetime(2026, 11, 21, 9), 'Asia/Kolkata').isoformat())"
    )

    def starts(zones):
        environment = {**os.environ, "PYTHONTZPATH": zones}
        return subprocess.check_output([sys.executable, "-c", asked], env=environment, text=True).strip()

    assert starts("") == "2026-11-21T03:30:00+00:00"
    assert starts(str(newer)) == "2026-11-21T00:00:00+00:00"


def test_fault_45_the_rules_of_zones_are_pinned():
    """Machines have rules of different ages: ours come with the program, in the version that the lock names."""
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text()
    assert f"tzdata=={metadata.version('tzdata')}" in lock


def test_fault_46_the_promise_waits_for_the_opening_and_the_customers_clock_does_not(open_desk):
    """The desk is closed: the promise waits until it opens, the customer is told when; the honest number counts on."""
    day = shift("day", "09:00-18:00", "asha")
    bridge = open_desk(day, calendar="office")  # 18:22 on Saturday; Sunday is a holiday
    handoff_id = hand_over(bridge)
    seen = handoff(bridge, handoff_id)
    assert seen.promised_at == local("2026-11-23T09:30")
    assert seen.window == timedelta(minutes=15)
    (accepted,) = [row for row in all_of(bridge, tables.timeline) if row.event == "accepted"]
    assert "the team is back at 09:00 on Sunday 22 November (IST)" in accepted.data["customer_text"]
