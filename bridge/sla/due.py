"""When a promise and each rung of its ladder come due, in the hours that its calendar counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bridge.roster.model import Roster, Span, in_utc
from bridge.roster.on_duty import duties
from bridge.roster.walltime import days_touching, span_on
from bridge.sla.model import Calendar, CalendarKind, Policy

WEEK = timedelta(days=7)
#: before a channel closes a person needs so long to write what still reaches the customer
LAST_CALL = timedelta(minutes=30)
LONGEST_CLOSED_WEEKS = 57  #: a little more than a year; a calendar closed for longer does not open again
MOST_WEEKS = 10 * 53


def promised_at(policy: Policy, started_at: datetime, roster: Roster, channel: str) -> datetime:
    """Return the moment, in UTC, by which an answer is promised to a handoff that began at `started_at`."""
    return working_add(policy.calendar, started_at, policy.respond_within, roster, channel)


def due_times(policy: Policy, started_at: datetime, roster: Roster, channel: str) -> tuple[datetime, ...]:
    """Return when each rung of the ladder is due, in the ladder's order and in UTC."""
    offsets = (rung.offset(policy.respond_within) for rung in policy.ladder)
    return tuple(working_add(policy.calendar, started_at, offset, roster, channel) for offset in offsets)


def before_closing(due: datetime, closes_at: datetime | None, now: datetime) -> datetime:
    """Return `due`, brought forward to `LAST_CALL` before the customer's channel closes where it lies later.

    Nothing is brought before `now`, and nothing else changes: what is due in time stays when it was, so no rung comes
    before its share of the promise, and where promise and rungs are brought forward they keep their order. None for
    a channel that does not close. One that has closed by `now` changes nothing: there is nothing to be in time for.
    """
    if closes_at is None or closes_at <= now:
        return due
    return min(due, ahead_of(closes_at, LAST_CALL, now))


def ahead_of(closes_at: datetime, margin: timedelta, now: datetime) -> datetime:
    """Return the moment `margin` before `closes_at`, or half way there from `now` where that is later."""
    return closes_at - min(margin, (closes_at - now) / 2)


def working_add(
    calendar: Calendar, start: datetime, duration: timedelta, roster: Roster, channel: str
) -> datetime:
    """Return the moment, in UTC, at which `duration` of counted time has passed since the aware `start`.

    `roster` and `channel` give the hours of a SHIFT calendar. Time that is left when the calendar
    does not open again for a year (or has not opened enough in ten) runs on without pause from
    its last closing, so that every promise comes due. Adding nothing returns `start`, open or not.
    """
    start = in_utc(start)
    if calendar.kind is CalendarKind.ALWAYS or duration <= timedelta(0):
        return start + duration
    reached, left = start, duration
    for span in _open_spans(calendar, start, roster, channel):
        if left <= span.ends_at - span.starts_at:
            return span.starts_at + left
        reached, left = span.ends_at, left - (span.ends_at - span.starts_at)
    return reached + left


def _open_spans(calendar: Calendar, start: datetime, roster: Roster, channel: str) -> Iterator[Span]:
    """Yield the counted spans from `start` on, cut at `start`, in order and without overlap."""
    closed_weeks = 0
    for week in range(MOST_WEEKS):
        begins = start + week * WEEK
        found = _spans_within(calendar, Span(starts_at=begins, ends_at=begins + WEEK), roster, channel)
        yield from found
        closed_weeks = 0 if found else closed_weeks + 1
        if closed_weeks == LONGEST_CLOSED_WEEKS:
            return


def _spans_within(calendar: Calendar, window: Span, roster: Roster, channel: str) -> list[Span]:
    if calendar.kind is CalendarKind.SHIFT:
        held = duties(roster, channel, window.starts_at, window.ends_at)
        return [Span(starts_at=duty.starts_at, ends_at=duty.ends_at) for duty in held]
    return list(_merged(_opening_spans(calendar, window)))


def _opening_spans(calendar: Calendar, window: Span) -> Iterator[Span]:
    zone = calendar.zone or "UTC"
    for day in days_touching(window, zone):
        for opening in calendar.openings:
            if opening.weekday != day.weekday() or day in calendar.holidays:
                continue
            span = span_on(opening.hours, day, zone)
            if span is not None and span.touches(window):
                starts_at, ends_at = max(span.starts_at, window.starts_at), min(span.ends_at, window.ends_at)
                yield Span(starts_at=starts_at, ends_at=ends_at)


def _merged(spans: Iterator[Span]) -> Iterator[Span]:
    """Yield the same time in order, with overlapping spans made one."""
    current: Span | None = None
    for span in sorted(spans, key=lambda span: span.starts_at):
        if current is None:
            current = span
        elif span.starts_at <= current.ends_at:
            current = Span(starts_at=current.starts_at, ends_at=max(current.ends_at, span.ends_at))
        else:
            yield current
            current = span
    if current is not None:
        yield current
