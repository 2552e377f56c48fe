"""A calendar kept elsewhere says who is on duty."""

from __future__ import annotations

import pytest
from calendars import calendar, event

from bridge.feeds.model import Freshness
from bridge.feeds.unfold import FeedRefused, unfold
from bridge.store import tables

#: at 18:22 in Kolkata the example desk's evening belongs to Ravi or Asha; Meera only by the calendar
MEERA = calendar(event("Meera Shah"))


@pytest.mark.parametrize(
    "written",
    [
        event("Meera Shah"),
        event("meera"),
        event("on call", "20261121T090000Z", "20261121T170000Z", "ATTENDEE:mailto:Meera@shop.example"),
        event("Meera Shah", "20261120T090000Z", "20261120T170000Z", "RRULE:FREQ=DAILY"),
        event("Meera Shah", "20261121T143000", "20261121T223000"),
    ],
    ids=["by name", "by key", "by guest", "repeated", "in the desk's zone"],
)
def test_an_event_puts_its_person_on_duty(town, server, written):
    server.body = calendar(written)
    town.read()
    assert town.owner() == "meera"
    assert town.owner("web") != "meera"


@pytest.mark.parametrize("written", [event("Lunch"), event("meera", "20261123T090000Z", "20261123T170000Z")])
def test_an_event_of_nobody_or_of_another_day_changes_nothing(town, server, written):
    before = town.owner()
    server.body = calendar(written)
    town.read()
    assert town.owner() == before


def test_a_cancelled_event_counts_for_nothing(town, server):
    cancelled = event("meera", "20261121T090000Z", "20261121T170000Z", "STATUS:CANCELLED")
    server.body = calendar(cancelled, event("Lunch", uid="2"))
    before = town.owner()
    town.read()
    assert town.owner() == before


def test_an_override_of_the_desk_file_counts_above_the_calendar(town, server, desk_file):
    server.body = MEERA
    town.read()
    override = '  - {from: "2026-11-21 12:00", to: "2026-11-21 23:00", owner: asha}\nroutes:'
    desk_file.write_text(desk_file.read_text().replace("routes:", f"{override}", 1))
    town.bridge.database.transact(
        lambda tx: town.bridge.accounts.load_desk(tx, "main", desk_file, town.clock())
    )
    assert town.owner() == "asha"


def test_the_calendar_is_read_each_quarter_of_an_hour_and_not_in_between(town, server):
    server.body = MEERA
    town.read()
    town.read()
    asked = server.asked
    town.clock.later(minutes=-2)
    town.read()
    assert (asked, server.asked) == (2, 2)


def test_a_calendar_that_the_desk_no_longer_names_is_forgotten(town, server, desk_file):
    server.body = MEERA
    town.read()
    desk_file.write_text(desk_file.read_text().partition("\nfeeds:")[0])
    town.bridge.database.transact(
        lambda tx: town.bridge.accounts.load_desk(tx, "main", desk_file, town.clock())
    )
    town.read()
    assert town.owner() != "meera"
    with town.bridge.database.read() as connection:
        assert connection.execute(tables.feeds.select()).all() == []


def test_fault_43_a_calendar_that_cannot_be_read_leaves_the_last_good_one(town, server):
    """A calendar's address answers 404, or an empty calendar: the last good reading stays in force."""
    server.body = MEERA
    town.read()
    for status, body in ((404, b"gone"), (200, b""), (200, calendar()), (200, b"<html>Sign in</html>")):
        server.status, server.body = status, body
        town.read()
        assert town.owner() == "meera"
        assert town.reading().problem


def test_fault_43_a_stale_calendar_is_amber_after_a_day_and_red_after_three(town, server):
    """A calendar stays unreadable for days: its reading is amber after 24 hours and red after 72."""
    server.body = MEERA
    town.read()
    seen = []
    for hours in (0, 23, 1, 47, 1):
        town.clock.later(hours=hours)
        seen.append(town.reading().freshness(town.clock()))
    assert seen == [Freshness.FRESH, Freshness.FRESH, Freshness.AMBER, Freshness.AMBER, Freshness.RED]


def test_fault_43_a_calendar_that_comes_back_is_in_force_at_once(town, server):
    """A calendar comes back: the next reading is in force, and its trouble is over."""
    server.status = 503
    town.read()
    server.status, server.body = 200, MEERA
    town.read()
    assert (town.owner(), town.reading().problem) == ("meera", None)


HOSTILE = {
    "each second": event("meera", "20261121T090000Z", "20261121T170000Z", "RRULE:FREQ=SECONDLY"),
    "each second, folded": event("meera", "20261121T090000Z", "20261121T170000Z", "RRULE:FREQ=SEC\r\n ONDLY"),
    "86,400 moments a day": event(
        "meera",
        "20261121T090000Z",
        "20261121T170000Z",
        "RRULE:FREQ=DAILY;BYSECOND={0};BYMINUTE={0};BYHOUR={1}".format(
            ",".join(map(str, range(60))), ",".join(map(str, range(24)))
        ),
    ),
    "a million events": "\r\n".join(["BEGIN:VEVENT\r\nEND:VEVENT"] * 21_000),
    "unknown properties": "\r\n".join(f"X-A{n};P={n}:1" for n in range(250_000)),
    "no interval": event("meera", "20261121T090000Z", "20261121T170000Z", "RRULE:FREQ=DAILY;INTERVAL=0"),
    "larger than 5 MB": event("meera", "20261121T090000Z", "20261121T170000Z", f"X-A:{'a' * 6_000_000}"),
    "nested without end": "\r\n".join(["BEGIN:VEVENT"] * 5_000),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_fault_44_a_hostile_calendar_is_refused(kind, frozen_now):
    """A hostile calendar (each second, a million events, endless properties, 50 MB): refused within five seconds."""
    with pytest.raises(FeedRefused):
        unfold(calendar(HOSTILE[kind]), "Asia/Kolkata", frozen_now)


def test_fault_44_the_old_roster_is_kept(town, server):
    """A hostile calendar takes the place of a good one: the roster read before stays in force."""
    server.body = MEERA
    town.read()
    server.body = calendar(HOSTILE["each second"])
    town.read()
    assert town.owner() == "meera"
    assert town.reading().problem
