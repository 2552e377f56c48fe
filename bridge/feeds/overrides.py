"""What a calendar's events mean for the roster: this person holds these channels for this while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bridge.desk.model import Desk, Feed
from bridge.feeds.model import FeedEvent, Reading
from bridge.roster.model import Override, Person


def with_feeds(desk: Desk, readings: Mapping[str, Reading]) -> Desk:
    """Return the desk with what its calendars say. They count above shifts and below the file's overrides."""
    told = [
        override
        for feed in desk.feeds
        if feed.name in readings
        for override in _overrides(feed, readings[feed.name], desk)
    ]
    return replace(desk, roster=replace(desk.roster, overrides=(*told, *desk.roster.overrides)))


def nobodys(desk: Desk, reading: Reading) -> tuple[FeedEvent, ...]:
    """Return the events that name nobody of the desk."""
    return tuple(event for event in reading.events if whose(event, desk.people) is None)


def whose(event: FeedEvent, people: Mapping[str, Person]) -> str | None:
    """Return the key of the person an event names, by a guest's e-mail or by its title; None for nobody.

    A title names a person by key or by name, in any case. An event that names two people names nobody.
    """
    by_email = {key for key, person in people.items() if (person.email or "").lower() in event.emails}
    title = event.title.strip().casefold()
    by_title = {key for key, person in people.items() if title in (key.casefold(), person.name.casefold())}
    named = by_title or by_email
    return next(iter(named)) if len(named) == 1 else None


def _overrides(feed: Feed, reading: Reading, desk: Desk) -> Iterator[Override]:
    for event in reading.events:
        owner = whose(event, desk.people)
        if owner is not None:
            yield Override(
                channels=feed.channels,
                starts_at=event.span.starts_at,
                ends_at=event.span.ends_at,
                owner=owner,
                note=f"calendar {feed.name}",
            )
