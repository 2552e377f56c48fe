"""What a person's own page shows, read from the store. The same content is equal at whatever moment it is read.

So a page is drawn anew only where something that it shows has changed: nothing in it counts time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection

from bridge.delivery.duties.cards import card_of
from bridge.handoffs.account import Account
from bridge.people.open_handoffs import count_answered, waiting_for
from bridge.roster.alerts import AlertRules
from bridge.roster.model import Duty, Gap, Person
from bridge.roster.on_duty import duties, gaps
from bridge.roster.walltime import in_zone, local_date
from connectors.chat import Holding, Home, HomeCover, HomeGap

MOST_CARDS: Final = 12
MOST_LISTED: Final = 8
LOOK_AHEAD: Final = timedelta(days=8)
HOME: Final = TypeAdapter(Home)
STRANGER: Final = "Only people of this desk have a page here. Ask your lead to add you to the desk."


@dataclass(frozen=True)
class Week:
    """Who holds the channels of an account from now until a midnight a week ahead; read once for all pages."""

    account: Account
    now: datetime

    @cached_property
    def ends_at(self) -> datetime:
        # A midnight, so that it does not move with every look.
        zone = self.account.desk.zone
        last = local_date(self.now, zone) + LOOK_AHEAD
        return in_zone(datetime(last.year, last.month, last.day), zone)  # noqa: DTZ001 - a time on the wall

    @cached_property
    def duties(self) -> Mapping[str, Sequence[Duty]]:
        roster = self.account.desk.roster
        return {
            channel: duties(roster, channel, self.now, self.ends_at) for channel in self.account.desk.channels
        }

    @cached_property
    def gaps(self) -> Sequence[Gap]:
        roster = self.account.desk.roster
        found = [
            gap
            for channel in self.account.desk.channels
            for gap in gaps(roster, channel, self.now, self.ends_at)
        ]
        return sorted(found, key=lambda gap: gap.starts_at)

    def now_on(self) -> Iterator[tuple[str, Duty]]:
        for channel, held in self.duties.items():
            if held and held[0].starts_at <= self.now:
                yield channel, held[0]


def page_of(connection: Connection, week: Week, person: Person | None) -> Home:
    """Return the page of a person; a stranger's says what it is for."""
    if person is None:
        return Home(refusal=STRANGER)
    account, now = week.account, week.now
    mine = waiting_for(connection, account.account_id, person.key)
    holders = list(week.now_on())
    return Home(
        waiting=tuple(card_of(account, handoff, "", now) for handoff in mine[:MOST_CARDS]),
        more_waiting=max(0, len(mine) - MOST_CARDS),
        answered=count_answered(connection, account.account_id, person.key),
        mine_now=tuple(
            _holding(account, channel, duty) for channel, duty in holders if duty.owner == person.key
        ),
        mine_next=_next(week, person),
        covers=tuple(_covers(account, person, now)),
        others_now=tuple(
            _holding(account, channel, duty) for channel, duty in holders if duty.owner != person.key
        ),
        gaps=tuple(_gap(gap, now) for gap in week.gaps[:MOST_LISTED]),
        alerts=in_sentences(account.alerts.get(person.key, AlertRules())),
    )


def digest_of(home: Home) -> str:
    """Return what tells this content from any other."""
    return hashlib.sha256(HOME.dump_json(home)).hexdigest()


def in_sentences(rules: AlertRules) -> tuple[str, ...]:
    """Return what a person is told directly, in their words."""
    quiet = rules.quiet
    hours = (
        f"Quiet from {_clock(quiet.from_minute)} to {_clock(quiet.to_minute)} ({quiet.zone}), "
        "unless you are on duty for it"
        if quiet
        else "No quiet hours"
    )
    return (
        f"When a handoff becomes mine: {'yes' if rules.mine else 'no'}",
        f"When half my time is gone, or a later reminder is due: {'yes' if rules.reminders else 'no'}",
        hours,
    )


def _next(week: Week, person: Person) -> Holding | None:
    """Return the person's first duty to come, None where there is none in this week."""
    to_come = [
        (channel, duty)
        for channel, held in week.duties.items()
        for duty in held
        if duty.owner == person.key and duty.starts_at > week.now
    ]
    first = min(to_come, key=lambda found: found[1].starts_at, default=None)
    return _holding(week.account, *first, starts_at=first[1].starts_at) if first else None


def _holding(account: Account, channel: str, duty: Duty, *, starts_at: datetime | None = None) -> Holding:
    holder = account.person(duty.owner)
    return Holding(
        channel=channel,
        name=holder.name if holder else duty.owner,
        starts_at=starts_at,
        ends_at=duty.ends_at,
        shift=duty.shift,
        note=duty.override.note if duty.override else None,
    )


def _covers(account: Account, person: Person, now: datetime) -> Iterator[HomeCover]:
    for cover in account.covers:
        if not cover.lasts(now) or person.key not in (cover.owner, cover.in_place_of):
            continue
        owner, before = account.person(cover.owner), account.person(cover.in_place_of)
        if owner is None or before is None:
            continue
        on = ", ".join(cover.channels)
        mine = cover.owner == person.key
        text = f"You cover for {before.name} on {on}" if mine else f"{owner.name} covers for you on {on}"
        yield HomeCover(cover_id=cover.cover_id, text=text, ends_at=cover.ends_at)


def _gap(gap: Gap, now: datetime) -> HomeGap:
    return HomeGap(
        channel=gap.channel, starts_at=gap.starts_at if gap.starts_at > now else None, ends_at=gap.ends_at
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
