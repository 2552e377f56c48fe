"""The books: every accepted handoff is settled, owed or dead-lettered. Anything else was lost, and is an alarm."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, and_, exists, func, select

from bridge.delivery.job import DeliveryState
from bridge.store import tables

HANDOFFS: Final = tables.handoffs
DELIVERIES: Final = tables.deliveries
#: how far back the check of every minute reaches, and how far back it looks into the deliveries
BOOKS_OVER: Final = timedelta(days=31)
LOOKED_INTO: Final = timedelta(hours=1)
OWED: Final = (DeliveryState.OWED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    """Counts of handoffs of one account by what became of their first duties, the ticket and the card."""

    accepted: int
    settled: int
    owed: int
    dead: int

    @property
    def missing(self) -> int:
        """Handoffs that are neither settled nor owed nor dead-lettered. Always 0 unless we lost one."""
        return self.accepted - self.settled - self.owed - self.dead

    @property
    def balance(self) -> bool:
        return self.missing == 0


def books(
    connection: Connection, account_id: str, since: datetime, *, looked_into_since: datetime | None = None
) -> Books:
    """Count the handoffs received since then. One that is not owed anything has its ticket or its card.

    What was received before `looked_into_since`, None for nothing, is believed to be settled by its ticket or
    card alone; of the rest the deliveries that made them must be there too. Looking into all costs more the more
    there are; believing costs what is owed and dead.
    """
    received = (HANDOFFS.c.account_id == account_id, HANDOFFS.c.received_at >= since)
    owed, dead = (_with_delivery(account_id, states) for states in (OWED, (DeliveryState.DEAD,)))
    is_owed, is_dead = HANDOFFS.c.handoff_id.in_(owed), HANDOFFS.c.handoff_id.in_(dead)
    neither = (*received, ~is_owed, ~is_dead)
    bare = and_(HANDOFFS.c.ticketed_at.is_(None), HANDOFFS.c.carded_at.is_(None))
    looked_into = HANDOFFS.c.received_at >= (looked_into_since or since)
    counts = connection.execute(
        select(
            _count(*received),
            _count(*received, is_owed),
            _count(*received, is_dead, ~is_owed),
            _count(*neither, bare),
            _count(*neither, looked_into, ~bare, ~_has_first_duties()),
        )
    ).one()
    accepted, owed_count, dead_count, bare_count, hollow = counts
    settled = accepted - owed_count - dead_count - bare_count - hollow
    return Books(accepted=accepted, settled=settled, owed=owed_count, dead=dead_count)


def _count(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(HANDOFFS).where(*where).scalar_subquery()


def _with_delivery(account_id: str, states: Collection[DeliveryState]) -> Select[Any]:
    return select(DELIVERIES.c.handoff_id).where(
        DELIVERIES.c.account_id == account_id, DELIVERIES.c.state.in_(states), DELIVERIES.c.handoff_id != ""
    )


def _has_first_duties() -> ColumnElement[bool]:
    return exists().where(
        DELIVERIES.c.account_id == HANDOFFS.c.account_id,
        DELIVERIES.c.handoff_id == HANDOFFS.c.handoff_id,
        DELIVERIES.c.kind.in_(("open_ticket", "post_card")),
    )
