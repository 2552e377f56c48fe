"""Standing in for somebody, said in the chat: by command or by button."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bridge.desk.model import ShiftChange
from bridge.handoffs.account import Account
from bridge.people import covers
from bridge.roster.covers import Cover
from bridge.roster.model import Duty, Person
from bridge.roster.moments import WAYS, moment_of
from bridge.roster.on_duty import on_duty
from bridge.store import Transaction

#: a longer absence belongs into the desk file, where it is reviewed
LONGEST: Final = timedelta(days=14)
ID_LENGTH: Final = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One person of the desk who asks for something now. `event_id` is the same for a copy of what they sent."""

    tx: Transaction
    account: Account
    by: Person
    now: datetime
    event_id: str

    @property
    def zone(self) -> str:
        return self.account.desk.zone


def holders(account: Account, at: datetime) -> dict[str, Duty | None]:
    """Return who holds each channel of the desk at a moment; None for nobody."""
    return {channel: on_duty(account.desk.roster, channel, at) for channel in account.desk.channels}


def cover_for(scene: Scene, person: Person, channels: Iterable[str], ends_at: datetime) -> str:
    """Let the asker stand in for `person` on these channels. Return what came of it, in words."""
    listed = tuple(channels)
    if person.key == scene.by.key:
        return "That is you: name whom you stand in for."
    if not listed:
        return f"{person.name} holds no channel now, so there is nothing to take over."
    covers.make(scene.tx, scene.account.account_id, _cover(scene, person, listed, ends_at))
    return (
        f"You cover for {person.name} on {', '.join(listed)} until {in_words(ends_at, scene.zone)}. "
        f"{_what_is_open(scene, person)}"
    )


def _what_is_open(scene: Scene, person: Person) -> str:
    """Tell what the desk does with what waits for the other: a cover begins as a shift does."""
    if scene.account.desk.shift_change is ShiftChange.MOVE:
        return f"Whoever waits unanswered for {person.first_name} comes to you."
    return f"What {person.first_name} has already stays theirs until it is handed over."


def end_of(scene: Scene, words: str) -> datetime | str:
    """Return the moment at which a cover is to end, or why these words are none, and what would do."""
    ends_at = moment_of(words, scene.now, scene.zone)
    if ends_at is None:
        return f"I cannot read “{words}” as a time. Write {WAYS}." if words else f"Until when? Write {WAYS}."
    if ends_at <= scene.now:
        return f"{in_words(ends_at, scene.zone)} has passed already. Write a time to come, such as {WAYS}."
    if ends_at - scene.now > LONGEST:
        return f"A cover lasts {LONGEST.days} days at most. For longer, write an override into the desk file."
    return ends_at


def held_by(scene: Scene, person: Person) -> tuple[str, ...]:
    """Return the channels that a person holds now, and those on which the asker covers for them already."""
    duties = holders(scene.account, scene.now)
    now_on = [channel for channel, duty in duties.items() if duty and duty.owner == person.key]
    covered = [
        channel
        for cover in lasting(scene.account, scene.by, scene.now)
        if (cover.owner, cover.in_place_of) == (scene.by.key, person.key)
        for channel in cover.channels
    ]
    return tuple(dict.fromkeys((*now_on, *covered)))


def lasting(account: Account, person: Person, now: datetime) -> tuple[Cover, ...]:
    """Return the covers that a person may end: those they make, and those made for them."""
    return tuple(
        cover
        for cover in account.covers
        if cover.lasts(now) and person.key in (cover.owner, cover.in_place_of, cover.made_by)
    )


def give_back(scene: Scene, cover_id: str | None = None) -> str:
    """End one cover, or all that the asker may end. Return what came of it."""
    mine = [
        cover
        for cover in lasting(scene.account, scene.by, scene.now)
        if cover_id is None or cover.cover_id == cover_id
    ]
    if not mine:
        return "There is no cover of yours to end."
    covers.end(scene.tx, scene.account.account_id, mine, scene.by.key, scene.now)
    names = (scene.account.person(cover.in_place_of) for cover in mine)
    listed = ", ".join(dict.fromkeys(person.name for person in names if person))
    return f"Given back: it is the turn of {listed or 'the roster'} again."


def in_words(at: datetime, zone: str) -> str:
    """Return a moment as "Sat 28 Nov 18:00 (IST)"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a %d %b %H:%M} ({local.tzname()})"


def _cover(scene: Scene, person: Person, channels: tuple[str, ...], ends_at: datetime) -> Cover:
    return Cover(
        cover_id=_id_of(scene),
        owner=scene.by.key,
        in_place_of=person.key,
        channels=channels,
        starts_at=scene.now,
        ends_at=ends_at,
        made_by=scene.by.key,
        made_at=scene.now,
    )


def _id_of(scene: Scene) -> str:
    """Return the id of the cover that this command or press makes: told twice, it makes one."""
    return "cv_" + hashlib.sha256(scene.event_id.encode()).hexdigest()[:ID_LENGTH]
