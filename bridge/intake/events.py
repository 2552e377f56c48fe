"""Events to be fetched, for bots that cannot host a callback or whose callbacks got lost: `GET /v1/events`."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import ColumnElement, and_, or_, select

from bridge.accounts import Accounts, Caller
from bridge.handoffs.hearing import TOLD, for_bots
from bridge.intake.answers import SECURITY, EventPage, answers
from bridge.intake.callers import identify
from bridge.intake.problems import Problem
from bridge.roster.model import in_utc
from bridge.store import Database, tables

TIMELINE: Final = tables.timeline
HANDOFFS: Final = tables.handoffs
#: Transactions do not end in the order in which they read the clock. After so long all that read it
#: before have ended, so nothing can turn up behind a cursor that was given out.
SETTLED_AFTER: Final = timedelta(seconds=5)
MOST: Final = 500
LARGEST_NUMBER: Final = 2**63 - 1


class Cursor(NamedTuple):
    """The place after one event in the order of an account's events."""

    recorded_at: datetime
    handoff_id: str
    number: int

    def __str__(self) -> str:
        text = f"{self.recorded_at.isoformat()} {self.handoff_id} {self.number}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Raises Problem 422 for what is none of ours."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
            at, handoff_id, number = plain.split(" ")
            return cls(in_utc(datetime.fromisoformat(at)), _printable(handoff_id), _storable(int(number)))
        except (ValueError, OverflowError):
            raise Problem(
                status=422,
                code="bad_cursor",
                title="This is no cursor",
                detail="Give `after` the `next` of an earlier answer, or leave it out to begin at the beginning.",
            ) from None

    def before(self) -> ColumnElement[bool]:
        """Return the condition for what comes after this place."""
        at, handoff, number = TIMELINE.c.recorded_at, TIMELINE.c.handoff_id, TIMELINE.c.number
        same = and_(at == self.recorded_at, handoff == self.handoff_id, number > self.number)
        return or_(at > self.recorded_at, and_(at == self.recorded_at, handoff > self.handoff_id), same)


def _printable(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("no id of ours, and no text that every store takes")
    return text


def _storable(number: int) -> int:
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError("larger than any store counts")
    return number


@dataclass(frozen=True, kw_only=True)
class Events:
    database: Database
    clock: Callable[[], datetime]

    def page(self, caller: Caller, after: str | None, limit: int) -> dict[str, Any]:
        """Return the events of this key's handoffs after a cursor, oldest first, and the next cursor."""
        place = Cursor.read(after) if after else None
        asked = (
            select(TIMELINE, HANDOFFS.c.conversation_id)
            .join(
                HANDOFFS,
                and_(
                    HANDOFFS.c.account_id == TIMELINE.c.account_id,
                    HANDOFFS.c.handoff_id == TIMELINE.c.handoff_id,
                ),
            )
            .where(
                TIMELINE.c.account_id == caller.account_id,
                TIMELINE.c.recorded_at <= self.clock() - SETTLED_AFTER,
                TIMELINE.c.event.in_(TOLD),
                HANDOFFS.c.key_id == caller.key_id,
                *([place.before()] if place else []),
            )
            .order_by(TIMELINE.c.recorded_at, TIMELINE.c.handoff_id, TIMELINE.c.number)
            .limit(limit + 1)
        )
        with self.database.read() as connection:
            rows = connection.execute(asked).all()
        shown = rows[:limit]
        last = shown[-1] if shown else None
        following = str(Cursor(last.recorded_at, last.handoff_id, last.number)) if last else after
        return {"events": [_event(row) for row in shown], "next": following, "more": len(rows) > limit}


def event_routes(events: Events, accounts: Accounts) -> APIRouter:
    router = APIRouter(prefix="/v1/events", tags=["events"])

    def who(request: Request) -> Caller:
        call = f"{request.method} {request.url.path}?{request.url.query}"
        return identify(events.database, accounts, request.headers, b"", events.clock(), call=call)

    @router.get(
        "",
        response_model=None,
        openapi_extra={"security": SECURITY},
        responses=answers(200, EventPage, 401, 422, 503),
    )
    def fetch(
        caller: Caller = Depends(who),  # noqa: B008 - FastAPI's way
        after: str | None = Query(None, max_length=300),
        limit: int = Query(100, ge=1, le=MOST),
    ) -> dict[str, Any]:
        """Fetch what callbacks tell, for handoffs of this key: oldest first, a few seconds behind.

        Keep `next` and give it as `after` the next time; ask again at once while `more` is true.
        """
        return events.page(caller, after, limit)

    return router


def _event(row: Any) -> dict[str, Any]:
    """Return one event in the shape of a callback."""
    return {
        "type": f"handoff.{row.event}",
        "timestamp": row.at.isoformat(),
        "data": {
            "handoff_id": row.handoff_id,
            "conversation_id": row.conversation_id,
            "sequence": row.number,
            **for_bots(row.event, row.data),
        },
    }
