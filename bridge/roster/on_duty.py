"""Who holds a channel, when the next one does, and when nobody does.

Where two shifts overlap the one that began later counts (of two that begin together, the later
in the file); an override counts above every shift, and the override made last above the others.
Nobody ever shares a moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise

from bridge.roster.model import Duty, Gap, Override, Roster, Shift, Span, in_utc
from bridge.roster.walltime import days_touching, span_on

LOOK_AHEAD = timedelta(days=14)
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """One run of a shift; `day` is the local day on which it begins."""

    shift: Shift
    day: date
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stretch:
    """A span in which nothing changes: the turn and the override that count, None where there is none."""

    span: Span
    turn: _Turn | None
    override: Override | None

    @property
    def covered(self) -> bool:
        return self.turn is not None or self.override is not None


def on_duty(roster: Roster, channel: str, at: datetime) -> Duty | None:
    """Return who holds `channel` at the aware moment `at`, or None when nobody does.

    The duty's times are those between which the same shift and override count without a break.
    """
    at = in_utc(at)
    turns, overrides = _around(roster, channel, Span(starts_at=at, ends_at=at + MOMENT))
    turn, override = _counting(turns, overrides, at)
    spans = [covering.span for covering in (turn, override) if covering is not None]
    if not spans:
        return None
    widest = Span(starts_at=max(s.starts_at for s in spans), ends_at=min(s.ends_at for s in spans))
    return next(
        duty for duty in duties(roster, channel, widest.starts_at, widest.ends_at) if _covers(duty, at)
    )


def next_duty(roster: Roster, channel: str, after: datetime) -> Duty | None:
    """Return the first duty that begins later than `after`, or None when none does within 14 days."""
    after = in_utc(after)
    for duty in duties(roster, channel, after, after + LOOK_AHEAD):
        if duty.starts_at > after:
            return on_duty(roster, channel, duty.starts_at)
    return None


def next_change(roster: Roster, channel: str, after: datetime) -> datetime | None:
    """Return when, later than `after`, another person than now comes to hold `channel`, or nobody does.

    None when that is not so within 14 days. The same person's next shift is no change.
    """
    after = in_utc(after)
    now, *later = _stretches(roster, channel, after, after + LOOK_AHEAD)
    return next((found.span.starts_at for found in later if _holder(found) != _holder(now)), None)


def at_hand(roster: Roster, channel: str, at: datetime) -> frozenset[str]:
    """Return whoever is on duty for `channel` at the aware moment `at`, as owner or backup of any shift.

    Beside the shift that counts, one that began earlier may still run: its people are there too. Not so under
    an override, which says that the rotation does not hold.
    """
    at = in_utc(at)
    duty = on_duty(roster, channel, at)
    if duty is None:
        return frozenset()
    there = {duty.owner, duty.backup}
    if duty.override is None:
        turns, _ = _around(roster, channel, Span(starts_at=at, ends_at=at + MOMENT))
        running = [(turn, _owners_in_turn(turn)[0]) for turn in turns if at in turn.span]
        there |= {person for turn, owner in running for person in (owner, _backup(turn, None, owner))}
    return frozenset(person for person in there if person)


def duties(roster: Roster, channel: str, start: datetime, end: datetime) -> tuple[Duty, ...]:
    """Return every duty between `start` and `end`, in order, the first and last cut to that span."""
    return tuple(_duty(stretch) for stretch in _stretches(roster, channel, start, end) if stretch.covered)


def gaps(roster: Roster, channel: str, start: datetime, end: datetime) -> tuple[Gap, ...]:
    """Return every stretch between `start` and `end` in which nobody holds `channel`."""
    return tuple(
        Gap(channel=channel, starts_at=stretch.span.starts_at, ends_at=stretch.span.ends_at)
        for stretch in _stretches(roster, channel, start, end)
        if not stretch.covered
    )


def _stretches(roster: Roster, channel: str, start: datetime, end: datetime) -> Iterator[_Stretch]:
    if start >= end:
        return
    window = Span(starts_at=start, ends_at=end)
    turns, overrides = _around(roster, channel, window)
    pieces = _pieces(window, [turn.span for turn in turns] + [made.span for made in overrides])
    for (turn, override), same in groupby(
        pieces, key=lambda piece: _counting(turns, overrides, piece.starts_at)
    ):
        run = list(same)
        span = Span(starts_at=run[0].starts_at, ends_at=run[-1].ends_at)
        yield _Stretch(span=span, turn=turn, override=override)


def _around(roster: Roster, channel: str, window: Span) -> tuple[list[_Turn], list[Override]]:
    """Return the turns and overrides of `channel` that touch `window`, the ones that count last."""
    turns = [turn for shift in roster.shifts if channel in shift.channels for turn in _turns(shift, window)]
    turns.sort(key=lambda turn: turn.span.starts_at)
    overrides = [made for made in roster.overrides if channel in made.channels and made.span.touches(window)]
    return turns, overrides


def _turns(shift: Shift, window: Span) -> Iterator[_Turn]:
    for day in days_touching(window, shift.zone):
        span = span_on(shift.hours, day, shift.zone) if day.weekday() in shift.days else None
        if span is not None and span.touches(window):
            yield _Turn(shift=shift, day=day, span=span)


def _pieces(window: Span, spans: list[Span]) -> Iterator[Span]:
    """Cut `window` wherever one of `spans` begins or ends."""
    cuts = {window.starts_at, window.ends_at}
    cuts.update(cut for span in spans for cut in (span.starts_at, span.ends_at) if cut in window)
    for start, end in pairwise(sorted(cuts)):
        yield Span(starts_at=start, ends_at=end)


def _counting(
    turns: list[_Turn], overrides: list[Override], at: datetime
) -> tuple[_Turn | None, Override | None]:
    turn = next((turn for turn in reversed(turns) if at in turn.span), None)
    override = next((made for made in reversed(overrides) if at in made.span), None)
    return turn, override


def _holder(stretch: _Stretch) -> str | None:
    return _duty(stretch).owner if stretch.covered else None


def _duty(stretch: _Stretch) -> Duty:
    turn, override = stretch.turn, stretch.override
    shift = turn.shift if turn else None
    owner = override.owner if override else _owners_in_turn(turn)[0]
    return Duty(
        shift=shift.name if shift else None,
        owner=owner,
        backup=_backup(turn, override, owner),
        lead=shift.lead if shift else None,
        card_channel=shift.card_channel if shift else None,
        starts_at=stretch.span.starts_at,
        ends_at=stretch.span.ends_at,
        override=override,
    )


def _owners_in_turn(turn: _Turn | None) -> tuple[str, ...]:
    """Return the shift's owners, the one whose turn it is first and then as they follow."""
    if turn is None:
        return ()
    owners, shift = turn.shift.owners, turn.shift
    if shift.rotation is None or shift.rotation_start is None:
        return owners
    passed = (turn.day - shift.rotation_start).days // shift.rotation.days % len(owners)
    return owners[passed:] + owners[:passed]


def _backup(turn: _Turn | None, override: Override | None, owner: str) -> str | None:
    """Return who stands behind `owner`: the override's backup, the shift's, or the next of the rotation.

    Never the owner, nor (unless the override names them) the person whom the override replaces.
    """
    if override and override.backup and override.backup != owner:
        return override.backup
    if turn is None or turn.shift.backup is None:
        return None
    in_turn = _owners_in_turn(turn)
    candidates = (turn.shift.backup, *in_turn)
    return next((person for person in candidates if person not in (owner, in_turn[0])), None)


def _covers(duty: Duty, at: datetime) -> bool:
    return duty.starts_at <= at < duty.ends_at
