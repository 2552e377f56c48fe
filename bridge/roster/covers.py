"""Somebody stands in for somebody else, as they said in the chat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.roster.model import Override, Roster, in_utc
from bridge.roster.on_duty import duties


@dataclass(frozen=True, kw_only=True, slots=True)
class Cover:
    """`owner` holds these channels whenever it would be the turn of `in_place_of`. People are keys of the desk.

    Times are aware and half-open. One that ends when it begins was given back at once.
    """

    cover_id: str
    owner: str
    in_place_of: str
    channels: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    made_by: str
    made_at: datetime

    def lasts(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


def with_covers(roster: Roster, covers: Iterable[Cover]) -> Roster:
    """Return the roster with these covers above its own overrides, in the order given.

    A cover reaches only into the turns of the person whom it replaces: who comes after them on the
    roster comes as before. Whoever covers may be covered in turn. One whose people the desk no
    longer knows counts for nothing.
    """
    for cover in covers:
        if {cover.owner, cover.in_place_of, cover.made_by} <= roster.people.keys():
            roster = replace(roster, overrides=(*roster.overrides, *_overrides(roster, cover)))
    return roster


def told(roster: Roster, cover: Cover) -> str:
    """Return a cover in words: "Asha covers for Ravi until 18:00, says Asha"."""
    owner, before, by = (
        roster.people[key].first_name for key in (cover.owner, cover.in_place_of, cover.made_by)
    )
    return f"{owner} covers for {before} until {until(cover, roster.zone)}, says {by}"


def until(cover: Cover, zone: str) -> str:
    """Return when a cover ends, as clocks in `zone` show it; the day too where it is another than its first."""
    starts, ends = (at.astimezone(ZoneInfo(zone)) for at in (cover.starts_at, cover.ends_at))
    return f"{ends:%H:%M}" if starts.date() == ends.date() else f"{ends:%a %d %b %H:%M}"


def _overrides(roster: Roster, cover: Cover) -> Iterator[Override]:
    starts_at, ends_at = in_utc(cover.starts_at), in_utc(cover.ends_at)
    if starts_at >= ends_at:
        return
    note = told(roster, cover)
    for channel in cover.channels:
        for duty in duties(roster, channel, starts_at, ends_at):
            if duty.owner == cover.in_place_of:
                yield Override(
                    channels=(channel,),
                    starts_at=duty.starts_at,
                    ends_at=duty.ends_at,
                    owner=cover.owner,
                    note=note,
                )
