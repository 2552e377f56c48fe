"""The auditor: every customer who waits has a clock that will still speak for them. One without is an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, select

from bridge.handoffs.accept import PROMISE
from bridge.handoffs.model import State
from bridge.store import tables

HANDOFFS: Final = tables.handoffs
CLOCKS: Final = tables.clocks
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


def astray(connection: Connection, account_id: str, now: datetime) -> list[AstrayHandoff]:
    """Return the open, unanswered handoffs whose clocks cannot be relied on, each once. Empty is well."""
    found: dict[str, Astray] = {}
    for why, condition in _signs(now).items():
        rows = connection.execute(
            select(HANDOFFS.c.handoff_id)
            .where(
                HANDOFFS.c.account_id == account_id,
                HANDOFFS.c.state == State.OPEN,
                HANDOFFS.c.answered_at.is_(None),
                condition,
            )
            .order_by(HANDOFFS.c.handoff_id)
        )
        for handoff_id in rows.scalars():
            found.setdefault(handoff_id, why)
    return [AstrayHandoff(handoff_id=handoff_id, why=why) for handoff_id, why in found.items()]


def _signs(now: datetime) -> dict[Astray, ColumnElement[bool]]:
    its_own = (
        CLOCKS.c.account_id == HANDOFFS.c.account_id,
        CLOCKS.c.handoff_id == HANDOFFS.c.handoff_id,
    )
    dropped_by_a_person = exists().where(
        tables.timeline.c.account_id == HANDOFFS.c.account_id,
        tables.timeline.c.handoff_id == HANDOFFS.c.handoff_id,
        tables.timeline.c.event == "held_rungs_dropped",
    )
    stopped = exists().where(*its_own, CLOCKS.c.state == "cancelled")
    return {
        Astray.NO_PROMISE: ~exists().where(*its_own, CLOCKS.c.rung == PROMISE),
        Astray.STOPPED: stopped & ~dropped_by_a_person,
        Astray.UNSEEN: exists().where(
            *its_own, CLOCKS.c.state == "armed", CLOCKS.c.due_at < now - UNSEEN_AFTER
        ),
    }
