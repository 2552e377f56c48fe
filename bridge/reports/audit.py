"""The auditor: every customer who waits has a clock that will still speak for them. One without is an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, exists, select

from bridge.handoffs.accept import PROMISE
from bridge.handoffs.clocks import ARMED
from bridge.handoffs.holding import DROPPED
from bridge.handoffs.model import State
from bridge.store import tables

HANDOFFS: Final = tables.handoffs
CLOCKS: Final = tables.clocks
TIMELINE: Final = tables.timeline
#: a clock that has run out so long ago and has neither fired nor been held is one that nobody looks at
UNSEEN_AFTER: Final = timedelta(minutes=1)


class Astray(StrEnum):
    """What is wrong with the clocks of a handoff that nobody has answered."""

    NO_PROMISE = "no_promise"  #: there is no clock for the promise
    STOPPED = "stopped"  #: a clock was stopped although nobody has answered and nobody has said so
    UNSEEN = "unseen"  #: a clock ran out and did not fire


@dataclass(frozen=True, kw_only=True, slots=True)
class AstrayHandoff:
    handoff_id: str
    why: Astray


def astray(
    connection: Connection, account_id: str, now: datetime, *, looked_into_since: datetime | None = None
) -> list[AstrayHandoff]:
    """Return the open, unanswered handoffs whose clocks cannot be relied on, each once. Empty is well.

    Clocks that nobody looks at are always found. For lost and stopped ones every open handoff must be looked
    into; with `looked_into_since` only those received since then are.
    """
    recent = (HANDOFFS.c.received_at >= looked_into_since,) if looked_into_since else ()
    asked = {
        Astray.NO_PROMISE: (~_a_clock(CLOCKS.c.rung == PROMISE), *recent),
        Astray.STOPPED: (_a_clock(CLOCKS.c.state == "cancelled"), ~_dropped_by_a_person(), *recent),
        Astray.UNSEEN: (HANDOFFS.c.handoff_id.in_(_unseen(account_id, now)),),
    }
    found: dict[str, Astray] = {}
    for why, conditions in asked.items():
        rows = connection.execute(_waiting(account_id).where(*conditions))
        for handoff_id in rows.scalars():
            found.setdefault(handoff_id, why)
    return [AstrayHandoff(handoff_id=handoff_id, why=why) for handoff_id, why in found.items()]


def _waiting(account_id: str) -> Select[Any]:
    return (
        select(HANDOFFS.c.handoff_id)
        .where(
            HANDOFFS.c.account_id == account_id,
            HANDOFFS.c.state == State.OPEN,
            HANDOFFS.c.answered_at.is_(None),
        )
        .order_by(HANDOFFS.c.handoff_id)
    )


def _a_clock(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        CLOCKS.c.account_id == HANDOFFS.c.account_id, CLOCKS.c.handoff_id == HANDOFFS.c.handoff_id, condition
    )


def _dropped_by_a_person() -> ColumnElement[bool]:
    return exists().where(
        TIMELINE.c.account_id == HANDOFFS.c.account_id,
        TIMELINE.c.handoff_id == HANDOFFS.c.handoff_id,
        TIMELINE.c.event == DROPPED,
    )


def _unseen(account_id: str, now: datetime) -> Select[Any]:
    return select(CLOCKS.c.handoff_id).where(
        CLOCKS.c.account_id == account_id, CLOCKS.c.state == ARMED, CLOCKS.c.due_at < now - UNSEEN_AFTER
    )
