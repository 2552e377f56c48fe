"""What a desk without mistakes may still lack: cover in the days ahead, rules that count, a last rung."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.desk.model import Desk
from bridge.roster.model import Gap, Shift, Span
from bridge.roster.on_duty import gaps
from bridge.roster.walltime import clock_changes, local_date, span_on
from bridge.routing.coverage import dead_rules
from bridge.sla.model import Policy, StepKind

GAPS_WITHIN = timedelta(days=7)
CLOCK_CHANGES_WITHIN = timedelta(days=30)
GAPS_NAMED = 3
HOUR = timedelta(hours=1)
DAY_AND_EVE = (timedelta(0), timedelta(days=1))  #: how long before a clock change a shift may begin


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskWarning:
    """Something a lead should know. `severity` is "warning", or "note" where nothing need be done."""

    where: str  #: "channels.whatsapp", "routes[2]": the path of keys in the desk file
    problem: str
    remedy: str
    severity: str = "warning"


def warnings(desk: Desk, now: datetime) -> tuple[DeskWarning, ...]:
    """Return what is doubtful about a desk as it stands at `now`; times are given in the desk's zone."""
    return (
        *_gaps_ahead(desk, now),
        *_dead_routes(desk),
        *_unused_people(desk),
        *_unused_policies(desk),
        *_unreachable_people(desk),
        *_shifts_without_backup(desk),
        *_open_ended_ladders(desk),
        *_odd_nights(desk, now),
    )


def _gaps_ahead(desk: Desk, now: datetime) -> Iterator[DeskWarning]:
    for channel in desk.channels:
        found = gaps(desk.roster, channel, now, now + GAPS_WITHIN)
        if found:
            hours = sum((gap.ends_at - gap.starts_at for gap in found), timedelta()) / HOUR
            ahead = f"{hours:.1f} hours of the next {GAPS_WITHIN.days} days"
            yield DeskWarning(
                where=f"channels.{channel}",
                problem=f"nobody is on duty for {ahead}: {gaps_in_words(found, desk.zone)}",
                remedy="add a shift or an override, or name a lead who takes what comes then",
            )


def gaps_in_words(found: Sequence[Gap], zone: str) -> str:
    """Return the first gaps as people of `zone` say them, and how many more there are."""
    named = ", ".join(
        f"{_clock(gap.starts_at, zone)} to {_clock(gap.ends_at, zone)}" for gap in found[:GAPS_NAMED]
    )
    more = len(found) - GAPS_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _dead_routes(desk: Desk) -> Iterator[DeskWarning]:
    for rule, taken_by in dead_rules(desk.routes):
        yield DeskWarning(
            where=f"routes[{rule.number - 1}]",
            problem=f"is never reached: rule {taken_by.number} takes all that rule {rule.number} would",
            remedy="move it up or remove it",
        )


def _unused_people(desk: Desk) -> Iterator[DeskWarning]:
    used = _people_used(desk)
    for key in desk.people:
        if key not in used:
            yield DeskWarning(
                where=f"people.{key}",
                problem="stands in no shift, route, ladder or override",
                remedy="give them a shift or remove them",
            )


def _people_used(desk: Desk) -> set[str | None]:
    used: set[str | None] = {desk.fallback.lead, *(rule.owner for rule in desk.routes)}
    for shift in desk.roster.shifts:
        used.update((*shift.owners, shift.backup, shift.lead))
    for override in desk.roster.overrides:
        used.update((override.owner, override.backup))
    for policy in desk.policies.values():
        used.update(
            step.target for rung in policy.ladder for step in rung.steps if step.kind is StepKind.PAGE
        )
    return used


def _unused_policies(desk: Desk) -> Iterator[DeskWarning]:
    used = {rule.policy for rule in desk.routes}
    for name in desk.policies:
        if name not in used:
            yield DeskWarning(
                where=f"sla.{name}", problem="no route uses it", remedy="name it in a route or remove it"
            )


def _unreachable_people(desk: Desk) -> Iterator[DeskWarning]:
    for key, person in desk.people.items():
        if not person.ids and not person.email:
            yield DeskWarning(
                where=f"people.{key}",
                problem="has neither an id at any vendor nor an e-mail address, so nothing can reach them",
                remedy="add an e-mail address or an id",
            )


def _shifts_without_backup(desk: Desk) -> Iterator[DeskWarning]:
    for number, shift in enumerate(desk.roster.shifts):
        if shift.backup is None or not {shift.backup, *shift.owners} - {shift.owners[0]}:
            yield DeskWarning(
                where=f"shifts[{number}]",
                problem=f"nobody stands behind the owner of {shift.name}",
                remedy="name a backup who is not the owner",
            )


def _open_ended_ladders(desk: Desk) -> Iterator[DeskWarning]:
    for name, policy in desk.policies.items():
        if not _acts_on_breach(policy):
            yield DeskWarning(
                where=f"sla.{name}.ladder",
                problem="nothing happens when the promise is broken",
                remedy="add a rung at 100% or later",
            )


def _acts_on_breach(policy: Policy) -> bool:
    return any(rung.offset(policy.respond_within) >= policy.respond_within for rung in policy.ladder)


def _odd_nights(desk: Desk, now: datetime) -> Iterator[DeskWarning]:
    """Note the shifts that a clock change of the next 30 days makes longer or shorter."""
    for number, shift in enumerate(desk.roster.shifts):
        for span in _spans_changed(shift, now):
            lasts = f"lasts {(span.ends_at - span.starts_at) / HOUR:g} hours"
            yield DeskWarning(
                where=f"shifts[{number}]",
                problem=f"{shift.name} of {_clock(span.starts_at, shift.zone)} {lasts}: clocks change",
                remedy="nothing, unless the people should know",
                severity="note",
            )


def _spans_changed(shift: Shift, now: datetime) -> Iterator[Span]:
    first, last = local_date(now, shift.zone), local_date(now + CLOCK_CHANGES_WITHIN, shift.zone)
    wall = timedelta(minutes=shift.hours.closes_minute - shift.hours.opens_minute)
    days = sorted({day - ahead for day in clock_changes(shift.zone, first, last) for ahead in DAY_AND_EVE})
    for day in days:
        span = span_on(shift.hours, day, shift.zone) if day.weekday() in shift.days else None
        if span is not None and span.ends_at - span.starts_at != wall:
            yield span


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M}"
