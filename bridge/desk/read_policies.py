"""The desk file's calendars and SLA policies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic_core import PydanticCustomError

from bridge.desk import words
from bridge.desk.entries import mapping_at, read_entry
from bridge.desk.known import PAGED_BY_PART, Known
from bridge.desk.mistakes import Complaints, Place
from bridge.desk.schema import CalendarEntry, PolicyEntry, RungEntry
from bridge.roster.model import WallHours
from bridge.sla.model import Calendar, CalendarKind, Opening, Policy, Rung, Step, StepKind

#: calendars that every desk has
BUILT_IN = {
    "always": Calendar(),
    "shift": Calendar(kind=CalendarKind.SHIFT),
    "shift hours": Calendar(kind=CalendarKind.SHIFT),
}


def read_calendars(raw: Any, zone: str, complaints: Complaints) -> dict[str, Calendar]:
    """Return the named calendars, those that every desk has among them."""
    calendars = dict(BUILT_IN)
    for name, written, place in mapping_at(raw, ("calendars",), complaints):
        if name in BUILT_IN:
            complaints.add(place, f"{name!r} has a meaning already", "choose another name for the calendar")
            continue
        entry = read_entry(CalendarEntry, written, place, complaints)
        openings = _openings(entry, place, complaints) if entry else ()
        if entry is not None and openings:
            calendars[name] = Calendar(
                kind=CalendarKind.HOURS,
                zone=entry.timezone or zone,
                openings=openings,
                holidays=tuple(sorted(set(entry.holidays))),
            )
    return calendars


def read_policies(raw: Any, calendars: Mapping[str, Calendar], known: Known) -> dict[str, Policy]:
    policies = {}
    for name, written, place in mapping_at(raw, ("sla",), known.complaints):
        entry = read_entry(PolicyEntry, written, place, known.complaints)
        if entry is not None and (policy := _policy(name, entry, place, calendars, known)):
            policies[name] = policy
    return policies


def _openings(entry: CalendarEntry, place: Place, complaints: Complaints) -> tuple[Opening, ...]:
    openings = []
    for written_days, written_hours in entry.hours.items():
        inner = (*place, "hours", written_days)
        try:
            days, spans = words.days(written_days), _spans(written_hours)
        except PydanticCustomError as error:
            complaints.add_error(inner, error)
            continue
        openings += [Opening(weekday=day, hours=hours) for day in sorted(days) for hours in spans]
    return tuple(openings)


def _spans(written: Any) -> tuple[WallHours, ...]:
    return tuple(words.hours(span) for span in (written if isinstance(written, list) else [written]))


def _policy(
    name: str, entry: PolicyEntry, place: Place, calendars: Mapping[str, Calendar], known: Known
) -> Policy | None:
    respond_within = timedelta(minutes=entry.respond_within_minutes)
    if entry.calendar not in known.calendars and entry.calendar not in BUILT_IN:
        names = [*known.calendars, *BUILT_IN]
        known.complaints.unknown((*place, "calendar"), "calendar", entry.calendar, names)
    ladder = _ladder(entry.ladder, respond_within, (*place, "ladder"), known)
    if ladder is None:
        return None
    return Policy(
        name=name,
        respond_within=respond_within,
        window=None if entry.window_minutes is None else timedelta(minutes=entry.window_minutes),
        calendar=calendars.get(entry.calendar, Calendar()),
        ladder=ladder,
    )


def _ladder(
    entries: tuple[RungEntry, ...], respond_within: timedelta, place: Place, known: Known
) -> tuple[Rung, ...] | None:
    """Return the rungs, or None when they have no order; what is wrong is noted."""
    rungs: list[Rung] = []
    for number, entry in enumerate(entries):
        rung = _rung(number + 1, entry, (*place, number), known)
        if rung is None:
            return None
        if rungs and rung.offset(respond_within) <= rungs[-1].offset(respond_within):
            problem = "comes no later than the rung above it"
            known.complaints.add((*place, number), problem, "let every rung come later than the one before")
            return None
        rungs.append(rung)
    return tuple(rungs)


def _rung(number: int, entry: RungEntry, place: Place, known: Known) -> Rung | None:
    if (entry.at is None) == (entry.after_minutes is None):
        known.complaints.add(place, "needs at or after_minutes, and one alone", "write at: 50% or at: 10m")
        return None
    percent = entry.at if isinstance(entry.at, int) else None
    after = entry.at if isinstance(entry.at, timedelta) else None
    if entry.after_minutes is not None:
        after = timedelta(minutes=entry.after_minutes)
    steps = tuple(_known_target(step, (*place, "do"), known) for step in entry.do)
    return Rung(number=number, at_percent=percent, after=after, steps=steps)


def _known_target(step: Step, place: Place, known: Known) -> Step:
    if step.kind is not StepKind.PAGE or step.target is None or step.target in PAGED_BY_PART:
        return step
    return Step(kind=StepKind.PAGE, target=known.person(step.target, place))
