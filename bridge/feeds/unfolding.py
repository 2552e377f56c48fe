"""Reads one iCalendar text from standard input and writes its events to standard output, then ends.

A process of its own, because a hostile calendar can take minutes and gigabytes to unfold: it bounds its own
time and memory before it reads a byte, and whoever started it ends it when it is late. Not imported by the
bridge; see `bridge.feeds.unfold`.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

CPU_SECONDS: Final = 4
MEMORY_BYTES: Final = 768 * 1024 * 1024
#: of the stretch that is asked for; a team's calendar has some hundreds
MOST_EVENTS: Final = 5_000
#: events that are written out, before any repeats
MOST_WRITTEN: Final = 20_000
#: a duty that repeats so often is none
TOO_OFTEN: Final = ("FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY")
LONGEST_TITLE: Final = 200
MOST_EMAILS: Final = 20


class Refused(Exception):
    """The calendar cannot be used. The text says why and holds none of its words."""


def main(starts_at: str, ends_at: str, zone: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
        events = unfolded(text, datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at), zone)
        told: dict[str, Any] = {"events": events}
    except Refused as refused:
        told = {"refused": str(refused)}
    except MemoryError:
        told = {"refused": "the calendar takes too much memory"}
    except Exception as error:  # noqa: BLE001 - whatever a strange calendar breaks, it is the calendar's fault
        told = {"refused": f"the calendar cannot be read ({type(error).__name__})"}
    json.dump(told, sys.stdout)


def unfolded(text: str, starts_at: datetime, ends_at: datetime, zone: str) -> list[dict[str, Any]]:
    """Return the events between the two moments, in order. Raises Refused, and what the libraries raise."""
    _check(text)
    calendar = icalendar.Calendar.from_ical(text)
    events: list[dict[str, Any]] = []
    for event in recurring_ical_events.of(calendar).between(starts_at, ends_at):
        if len(events) >= MOST_EVENTS:
            raise Refused(f"the calendar has more than {MOST_EVENTS} events in the weeks ahead")
        if str(event.get("STATUS", "")).upper() != "CANCELLED":
            events.append(_event(event, ZoneInfo(zone)))
    return sorted(events, key=lambda one: (one["starts_at"], one["ends_at"], one["title"]))


def _check(text: str) -> None:
    if "BEGIN:VCALENDAR" not in text:
        raise Refused("what came is no calendar")
    if text.count("BEGIN:VEVENT") > MOST_WRITTEN:
        raise Refused(f"the calendar has more than {MOST_WRITTEN} events")
    if "BEGIN:VEVENT" not in text:
        raise Refused("the calendar is empty")
    rules = text.replace("\r\n ", "").replace("\n ", "").upper()
    if any(often in rules for often in TOO_OFTEN):
        raise Refused("an event of the calendar repeats within the hour")


def _event(event: Any, zone: ZoneInfo) -> dict[str, Any]:
    attendees = event.get("ATTENDEE", [])
    listed = attendees if isinstance(attendees, list) else [attendees]
    emails = [str(one).lower().removeprefix("mailto:") for one in listed[:MOST_EMAILS]]
    return {
        "starts_at": _moment(event.start, zone).isoformat(),
        "ends_at": _moment(event.end, zone).isoformat(),
        "title": str(event.get("SUMMARY", ""))[:LONGEST_TITLE],
        "emails": emails,
    }


def _moment(at: date | datetime, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC; a day begins at midnight, and a time without a zone is one, in `zone`."""
    whole = at if isinstance(at, datetime) else datetime.combine(at, time())
    return (whole if whole.tzinfo else whole.replace(tzinfo=zone)).astimezone(UTC)


if __name__ == "__main__":
    main(*sys.argv[1:])
