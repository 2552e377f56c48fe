"""Follows what changed by the tickets' list: one call for a page, whatever the number of open handoffs.

The list is ordered by `updated_at`, which counts whole seconds, and a ticket that changes moves to its
end. Numbered pages would therefore skip rows, so each page begins anew at the last moment of the one before,
a little earlier. What was seen in that overlap is remembered, but only once its second is surely over: a
ticket may change twice in one second. Deleted tickets and spam are on lists of their own, which are looked
at now and then. Source: Freshdesk API page, "List All Tickets".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from connectors.freshdesk.api import FreshdeskApi, Page
from connectors.freshdesk.moments import as_text, served_at
from connectors.moments import moment

#: a first poll looks back so far
FIRST_LOOK_BACK: Final = timedelta(minutes=5)
#: each page begins so long before the end of the last one
OVERLAP: Final = timedelta(seconds=5)
#: a row so much older than the answer it came in will not change any more without a new `updated_at`
SECOND_IS_OVER: Final = timedelta(seconds=3)
MOST_REMEMBERED: Final = 500  #: rows of the overlap; beyond, they come once more, which does no harm
#: rounds of the ordinary list between two looks at the deleted ones and the spam: a loss shows within two minutes
ROUNDS_BETWEEN: Final = 3

Json = dict[str, Any]


class List(StrEnum):
    LIVE = "live"
    DELETED = "deleted"
    SPAM = "spam"


NEXT_LIST: Final = {List.LIVE: List.DELETED, List.DELETED: List.SPAM, List.SPAM: List.LIVE}


class Place(BaseModel):
    """How far one list was read. `seen` holds each ticket of the overlap with its `updated_at`."""

    since: datetime
    page: int = 1  #: beyond 1 only where more tickets changed at one moment than fit a page
    seen: dict[str, str] = Field(default_factory=dict)


class Cursor(BaseModel):
    """What is kept between two calls."""

    reading: List = List.LIVE
    rounds: int = 0
    places: dict[List, Place]

    @classmethod
    def at(cls, since: datetime) -> Cursor:
        """Return the cursor that begins at that moment."""
        return cls(places={each: Place(since=since) for each in List})

    @classmethod
    def read(cls, text: str | None, now: datetime) -> Cursor:
        """Return the cursor; one that starts a few minutes before `now` for None, or for no cursor of ours."""
        fresh = cls.at(now - FIRST_LOOK_BACK)
        try:
            known = cls.model_validate_json(text) if text else fresh
        except ValidationError:
            return fresh
        return known if known.places.keys() == fresh.places.keys() else fresh


def read_page(api: FreshdeskApi, cursor: Cursor, now: datetime) -> tuple[Cursor, list[Json], bool]:
    """Make one call; return the cursor after it, the changed tickets, and whether to call again at once."""
    place = cursor.places[cursor.reading]
    asked = {} if cursor.reading is List.LIVE else {"filter": cursor.reading.value}
    page = api.tickets(
        page=place.page,
        updated_since=as_text(place.since),
        order_by="updated_at",
        order_type="asc",
        **asked,
    )
    rows = [row for row in page.rows if isinstance(row.get("id"), int)]
    fresh = [row for row in rows if place.seen.get(str(row["id"]), "") != row.get("updated_at")]
    after = cursor.model_copy(update={"places": cursor.places | {cursor.reading: _after(place, page, now)}})
    return (after, fresh, True) if page.more else _turned(after, fresh)


def _turned(cursor: Cursor, fresh: list[Json]) -> tuple[Cursor, list[Json], bool]:
    """Go on to the next list where its turn has come, else stay with the live tickets."""
    if cursor.reading is List.LIVE and cursor.rounds + 1 < ROUNDS_BETWEEN:
        return cursor.model_copy(update={"rounds": cursor.rounds + 1}), fresh, False
    following = NEXT_LIST[cursor.reading]
    turned = cursor.model_copy(update={"reading": following, "rounds": 0})
    return turned, fresh, following is not List.LIVE


def _after(place: Place, page: Page, now: datetime) -> Place:
    moments = [at for row in page.rows if (at := moment(row.get("updated_at"))) is not None]
    since = max(max(moments, default=place.since) - OVERLAP, place.since)
    if page.more and since == place.since:
        return place.model_copy(update={"page": place.page + 1})
    over = min(served_at(page.served_at) or now, now) - SECOND_IS_OVER
    kept = {key: text for key, text in place.seen.items() if (moment(text) or since) >= since}
    return Place(since=since, seen=_remembered(kept | _settled(page, since, over)))


def _settled(page: Page, since: datetime, over: datetime) -> dict[str, str]:
    return {
        str(row.get("id")): str(row.get("updated_at"))
        for row in page.rows
        if (at := moment(row.get("updated_at"))) is not None and since <= at <= over
    }


def _remembered(seen: dict[str, str]) -> dict[str, str]:
    return dict(list(seen.items())[-MOST_REMEMBERED:])
