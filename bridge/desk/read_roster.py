"""The desk file's shifts, overrides and calendars kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from bridge.desk.entries import list_at, read_entry
from bridge.desk.known import Known
from bridge.desk.mistakes import Place
from bridge.desk.model import Feed
from bridge.desk.schema import FeedEntry, OverrideEntry, ShiftEntry
from bridge.roster.model import Override, Shift
from bridge.roster.walltime import clock_changes, in_zone, span_on

#: the clock changes that shifts are held against
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2037, 12, 31)


def read_shifts(raw: Any, zone: str, known: Known) -> tuple[Shift, ...]:
    shifts: list[Shift] = []
    for _, written, place in list_at(raw, ("shifts",), known.complaints):
        entry = read_entry(ShiftEntry, written, place, known.complaints)
        if entry is None or not _rotation_is_whole(entry, place, known):
            continue
        shift = _shift(entry, zone, place, known)
        _check_against(shift, shifts, place, known)
        _check_clock_changes(shift, place, known)
        shifts.append(shift)
    return tuple(shifts)


def read_overrides(raw: Any, zone: str, known: Known) -> tuple[Override, ...]:
    return tuple(
        override
        for _, written, place in list_at(raw, ("overrides",), known.complaints)
        if (override := _override(written, zone, place, known)) is not None
    )


def read_feeds(raw: Any, known: Known) -> tuple[Feed, ...]:
    feeds: dict[str, Feed] = {}
    for _, written, place in list_at(raw, ("feeds",), known.complaints):
        entry = read_entry(FeedEntry, written, place, known.complaints)
        if entry is None:
            continue
        if entry.name in feeds:
            problem = f"a calendar named {entry.name!r} stands above already"
            known.complaints.add((*place, "name"), problem, "give each calendar an own name")
        channels = known.channels_at(entry.channels, (*place, "channels"))
        feeds[entry.name] = Feed(name=entry.name, url=entry.url, channels=channels)
    return tuple(feeds.values())


def _shift(entry: ShiftEntry, zone: str, place: Place, known: Known) -> Shift:
    return Shift(
        name=entry.name,
        channels=known.channels_at(entry.channels, (*place, "channels")),
        days=entry.days,
        hours=entry.hours,
        zone=entry.timezone or zone,
        owners=tuple(
            known.person(owner, (*place, "owners", number)) for number, owner in enumerate(entry.owners)
        ),
        rotation=entry.rotate,
        rotation_start=entry.rotation_start,
        backup=known.maybe_person(entry.backup, (*place, "backup")),
        lead=known.maybe_person(entry.lead, (*place, "lead")),
        card_channel=entry.card_channel,
        user_group=entry.user_group,
    )


def _rotation_is_whole(entry: ShiftEntry, place: Place, known: Known) -> bool:
    if entry.rotate and entry.rotation_start is None:
        remedy = "add rotation_start: the day on which the first owner begins"
        known.complaints.add((*place, "rotate"), "says how often, but not from when", remedy)
        return False
    if entry.rotation_start and entry.rotate is None:
        remedy = "add rotate: weekly or rotate: daily"
        known.complaints.add((*place, "rotation_start"), "says from when, but not how often", remedy)
        return False
    if len(entry.owners) > 1 and entry.rotate is None:
        remedy = "add rotate: weekly and rotation_start, or leave one owner"
        known.complaints.add((*place, "owners"), "several owners, and nothing says whose turn it is", remedy)
        return False
    return True


def _check_against(shift: Shift, others: list[Shift], place: Place, known: Known) -> None:
    for other in others:
        if other.name == shift.name:
            problem = f"a shift named {shift.name!r} stands above already"
            known.complaints.add((*place, "name"), problem, "give each shift an own name")
        elif _begin_together(shift, other):
            problem = f"begins together with {other.name!r} on the same channel and day"
            known.complaints.add((*place, "hours"), problem, "let one begin where the other ends")


def _begin_together(one: Shift, other: Shift) -> bool:
    same_clock = (one.zone, one.hours.opens_minute) == (other.zone, other.hours.opens_minute)
    return same_clock and bool(one.days & other.days) and not set(one.channels).isdisjoint(other.channels)


def _check_clock_changes(shift: Shift, place: Place, known: Known) -> None:
    lost = next(_days_lost(shift), None)
    if lost is not None:
        problem = f"lasts no time on {lost.isoformat()}, when clocks in {shift.zone} skip these hours"
        known.complaints.add(
            (*place, "hours"), problem, "begin earlier or end later, past the change of the clocks"
        )


def _days_lost(shift: Shift) -> Iterator[date]:
    for day in clock_changes(shift.zone, FIRST_DAY, LAST_DAY):
        if day.weekday() in shift.days and span_on(shift.hours, day, shift.zone) is None:
            yield day


def _override(written: Any, zone: str, place: Place, known: Known) -> Override | None:
    entry = read_entry(OverrideEntry, written, place, known.complaints)
    if entry is None:
        return None
    channels = known.channels_at(entry.channels, (*place, "channels"))
    owner = known.person(entry.owner, (*place, "owner"))
    backup = known.maybe_person(entry.backup, (*place, "backup"))
    begins, ends = _moment(entry.begins, zone), _moment(entry.ends, zone)
    if begins >= ends:
        known.complaints.add(
            (*place, "to"), "is not after its start", "let the override end later than it begins"
        )
        return None
    return Override(
        channels=channels, starts_at=begins, ends_at=ends, owner=owner, backup=backup, note=entry.note
    )


def _moment(written: datetime, zone: str) -> datetime:
    return in_zone(written, zone) if written.tzinfo is None else written.astimezone(UTC)
